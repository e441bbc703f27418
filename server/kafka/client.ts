// kafkajs, set up once for everybody here.
import kafkajs, { type ISocketFactory, type Kafka, type KafkaConfig } from 'kafkajs';
import type { Logger } from '../log/logger.ts';
import { aliasOf } from './address.ts';
import { mendKafkajs } from './kafkajs-mends.ts';
import { type SecuritySettings, securityOptions } from './security.ts';
import { createSockets } from './sockets.ts';

const { logLevel } = kafkajs;

export type KafkaSettings = {
  readonly brokers: readonly string[];
  /** Neither TLS nor a login unless it is given. */
  readonly security?: SecuritySettings;
  readonly clientId: string;
};

/** What kafkajs says when it cannot connect to a broker. */
const TROUBLE = /^(?:Failed to connect to seed broker, .*?: |(?=Connection (?:error|timeout)))(.*)/;

/** A client of the brokers (throws a ConfigError for a file of `security` that cannot be read), logging through `logger`; `onTrouble` hears why one cannot be reached. */
export function createKafka({
  brokers,
  security,
  clientId,
  logger,
  onTrouble = () => {},
  sockets = createSockets(brokers),
}: KafkaSettings & {
  logger: Logger;
  onTrouble?: (words: string) => void;
  sockets?: ISocketFactory;
}): Kafka {
  mendKafkajs();
  const config: KafkaConfig = {
    brokers: brokers.map(aliasOf),
    clientId,
    ...(security === undefined ? {} : securityOptions(security)),
    socketFactory: sockets,
    // Also for the first answer on a connection. For the connection itself our sockets wait less, and say more.
    connectionTimeout: 5000,
    // A join and a produce may take 10 s, and say so in time.
    requestTimeout: 15_000,
    // kafkajs renews a login 10 s before it ends, so one of 10 s at every request; Kafka refuses to renew
    // twice within a second (KIP-368).
    reauthenticationThreshold: 1000,
    retry: { initialRetryTime: 100, maxRetryTime: 3000, retries: 3 },
    logLevel: logLevel.WARN,
    // kafkajs logs as an error what it then tries again by itself; a real failure reaches us as a rejection.
    logCreator:
      () =>
      ({ log }) => {
        logger.debug(`kafkajs: ${log.message}`);
        const trouble = TROUBLE.exec(log.message)?.[1];
        if (trouble !== undefined) onTrouble(trouble);
      },
  };
  return new kafkajs.Kafka(config);
}

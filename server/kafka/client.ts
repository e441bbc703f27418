// kafkajs, set up once for everybody here.
import kafkajs, { type Kafka, type KafkaConfig, type SASLOptions } from 'kafkajs';
import type { Logger } from '../stream/logger.ts';
import { aliasOf, socketFactory } from './address.ts';
import { mendKafkajs } from './kafkajs-mends.ts';

const { logLevel } = kafkajs;

export type KafkaSettings = {
  readonly brokers: readonly string[];
  readonly ssl: boolean;
  readonly sasl?: SASLOptions | undefined;
  readonly clientId: string;
};

/** A client of the brokers, logging through `logger`. */
export function createKafka({
  brokers,
  ssl,
  sasl,
  clientId,
  logger,
}: KafkaSettings & { logger: Logger }): Kafka {
  mendKafkajs();
  const config: KafkaConfig = {
    brokers: brokers.map(aliasOf),
    clientId,
    ssl,
    ...(sasl === undefined ? {} : { sasl }),
    socketFactory,
    connectionTimeout: 5000,
    // A join and a produce may take 10 s, and say so in time.
    requestTimeout: 15_000,
    retry: { initialRetryTime: 100, maxRetryTime: 3000, retries: 3 },
    logLevel: logLevel.WARN,
    // kafkajs calls an error what it tries again by itself; what ends in one reaches us as such.
    logCreator: () => (entry) => logger.debug(`kafkajs: ${entry.log.message}`),
  };
  return new kafkajs.Kafka(config);
}

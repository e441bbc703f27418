// Raw requests on the authenticated connections of kafkajs: they lean on its inside, so its version is
// checked, because nobody promised these parts to stay. What had to be mended there: kafkajs-mends.ts.
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { Kafka } from 'kafkajs';
import { InconsistentStateError } from '../errors.ts';

const VERSION = '2.2.4';
/** A file of kafkajs. */
export const load = createRequire(import.meta.url) as (path: string) => unknown;

type Request = {
  apiKey: number;
  apiVersion: number;
  apiName: string;
  encode: () => Promise<{ buf: Buffer; buffer: Buffer; size: () => number }>;
};
type Response<T> = {
  decode: (payload: Buffer) => Promise<{ clientSideThrottleTime: number; answer: T }>;
  parse: (decoded: { answer: T }) => Promise<T>;
};
type Sending<T> = { request: Request; response: Response<T>; logResponseError: boolean };
type Connection = { readonly socket?: Socket; send<T>(sending: Sending<T>): Promise<T> };
export type KafkajsBroker = {
  /** By API key; what the broker says of itself when it is connected to. */
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>> | null;
  readonly connectionPool: {
    getConnectionByRequest(sending: { request: { apiKey: number } }): Promise<Connection>;
  };
  metadata(topics: string[]): Promise<Metadata>;
};
/** As far as kafkajs looks at it: the brokers it can connect to. */
export type Metadata = {
  brokers: { nodeId: number; host: string; port: number; rack: string | null }[];
};
export type KafkajsCluster = {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  findBroker(query: { nodeId: string }): Promise<KafkajsBroker>;
  readonly brokerPool: { createBroker(options: object): KafkajsBroker };
};

/** What all objects of a class of kafkajs share. */
export function prototypeOf<T>(path: string): T {
  return (load(path) as { prototype: T }).prototype;
}

/** Refuses any version of kafkajs but the one whose inside we know. */
export function checkKafkajsVersion(version: string): void {
  if (version === VERSION) return;
  throw new InconsistentStateError(
    `kafkajs ${version} is installed; this service leans on the inside of ${VERSION}: run npm ci`,
  );
}

/** Refuses to go on with another kafkajs than the one that is known here. */
export function checkInstalled(): void {
  checkKafkajsVersion((load('kafkajs/package.json') as { version: string }).version);
}

/**
 * Connections of their own to the brokers of `kafka`. Metadata is asked for by `askMetadata`, which
 * kafkajs calls with a connected broker and from which it learns the brokers.
 */
export function openCluster(
  kafka: Kafka,
  askMetadata: (broker: KafkajsBroker) => Promise<Metadata>,
): KafkajsCluster {
  checkInstalled();
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  const create = symbol && (kafka as unknown as Record<symbol, unknown>)[symbol];
  if (typeof create !== 'function') {
    throw new InconsistentStateError('kafkajs has no createCluster where it should be: run npm ci');
  }
  const cluster = create({ allowAutoTopicCreation: false }) as KafkajsCluster;
  const { brokerPool } = cluster;
  const { createBroker } = brokerPool;
  brokerPool.createBroker = (options) => {
    const broker = createBroker(options);
    broker.metadata = () => askMetadata(broker);
    return broker;
  };
  return cluster;
}

/**
 * Sends one request to a broker. When nothing arrives from the broker for `silenceMs` meanwhile, its
 * connection is given up with all that waits on it: a broker that is frozen, or a network that lets
 * nothing through, says nothing of it by itself.
 */
export async function sendWithin<T>(
  { connectionPool }: KafkajsBroker,
  { request, response }: Pick<Sending<T>, 'request' | 'response'>,
  silenceMs: number,
): Promise<T> {
  const connection = await connectionPool.getConnectionByRequest({ request });
  let heard = connection.socket?.bytesRead;
  const watch = setInterval(() => {
    const { socket } = connection;
    if (socket?.bytesRead === heard) socket?.destroy(new Error(`no answer within ${silenceMs} ms`));
    heard = socket?.bytesRead;
  }, silenceMs);
  try {
    return await connection.send({ request, response, logResponseError: false });
  } finally {
    clearInterval(watch);
  }
}

// Everything that leans on the inside of kafkajs: raw requests on its authenticated connections, and
// a mended timer. The version is checked, because nobody promised these parts to stay.
import { createRequire } from 'node:module';
import type { Kafka } from 'kafkajs';
import { InconsistentStateError } from '../errors.ts';

const VERSION = '2.2.4';
const load = createRequire(import.meta.url) as (path: string) => unknown;

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
export type Connection = {
  send<T>(exchange: {
    request: Request;
    response: Response<T>;
    logResponseError: boolean;
  }): Promise<T>;
};
export type ConnectionPool = { getConnection(index: number): Promise<Connection> };
export type KafkajsCluster = {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): { partitionId: number; leader: number }[];
  findBroker(query: { nodeId: string }): Promise<{ connectionPool: ConnectionPool }>;
};
type RequestQueue = {
  pending: unknown[];
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
};

/** Refuses any version of kafkajs but the one whose inside we know. */
export function checkKafkajsVersion(version: string): void {
  if (version === VERSION) return;
  throw new InconsistentStateError(
    `kafkajs ${version} is installed; this service leans on the inside of ${VERSION}: run npm ci`,
  );
}

function checkInstalled(): void {
  checkKafkajsVersion((load('kafkajs/package.json') as { version: string }).version);
}

/** Connections of their own to the brokers of `kafka`. */
export function openCluster(kafka: Kafka): KafkajsCluster {
  checkInstalled();
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  const create = symbol && (kafka as unknown as Record<symbol, unknown>)[symbol];
  if (typeof create !== 'function') {
    throw new InconsistentStateError('kafkajs has no createCluster where it should be: run npm ci');
  }
  return create({ metadataMaxAge: 300_000, allowAutoTopicCreation: false }) as KafkajsCluster;
}

/**
 * Stops a timer that every connection otherwise runs each millisecond, from its first request on, to
 * look for requests that wait although none does (tulios/kafkajs#1751). Doing it again changes nothing.
 */
export function mendIdleConnections(): void {
  checkInstalled();
  const queue = load('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  const { scheduleCheckPendingRequests: schedule } = queue.prototype;
  if (schedule.name === 'scheduleWhenNeeded') return;
  queue.prototype.scheduleCheckPendingRequests = function scheduleWhenNeeded() {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}

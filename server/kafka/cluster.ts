// The parts of kafkajs's inside that this service stands on: metadata and raw requests on its
// authenticated connections. The version is checked, because nobody promised them to stay.
import { createRequire } from 'node:module';
import type { Kafka } from 'kafkajs';
import { InconsistentStateError } from '../errors.ts';
import type { TopicPartition } from '../stream/log.ts';
import { createWireReader, type WireReader } from './wire.ts';

const VERSION = '2.2.4';

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
type Broker = {
  connectionPool: {
    send<T>(exchange: {
      request: Request;
      response: Response<T>;
      requestTimeout?: number;
      logResponseError: boolean;
    }): Promise<T>;
  };
};
type KafkajsCluster = {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): { partitionId: number; leader: number }[];
  findBroker(query: { nodeId: string }): Promise<Broker>;
};

/** A request of ours: `read` gets the answer after the throttle time, which every one we use begins with. */
export type Exchange<T> = {
  readonly api: { readonly key: number; readonly version: number; readonly name: string };
  readonly body: Buffer;
  readonly read: (reader: WireReader) => T;
};

/** Kafka's brokers, as far as requests to the leader of a partition go. */
export type Cluster = {
  /** The leader's node, from metadata; null when there is none (for now). */
  leader(tp: TopicPartition): string | null;
  /** Asks for metadata of these topics, and of those asked for before. */
  refresh(topics: readonly string[]): Promise<void>;
  send<T>(node: string, exchange: Exchange<T>): Promise<T>;
  close(): Promise<void>;
};

/** Refuses any version of kafkajs but the one whose inside we know. */
export function checkKafkajsVersion(version: string): void {
  if (version === VERSION) return;
  throw new InconsistentStateError(
    `kafkajs ${version} is installed; this service leans on the inside of ${VERSION}: run npm ci`,
  );
}

/** Connections of their own to the brokers of `kafka`. */
export function createCluster(kafka: Kafka): Cluster {
  const { version } = createRequire(import.meta.url)('kafkajs/package.json') as { version: string };
  checkKafkajsVersion(version);
  const cluster = open(kafka);
  const known = new Set<string>();
  let connected = false;

  return {
    leader({ topic, partition }) {
      if (!known.has(topic)) return null;
      const found = cluster
        .findTopicPartitionMetadata(topic)
        .find(({ partitionId }) => partitionId === partition);
      return found === undefined || found.leader < 0 ? null : String(found.leader);
    },
    async refresh(topics) {
      if (!connected) await cluster.connect();
      connected = true;
      const unknown = topics.filter((topic) => !known.has(topic));
      if (unknown.length > 0) await cluster.addMultipleTargetTopics(unknown);
      else await cluster.refreshMetadata();
      for (const topic of unknown) known.add(topic);
    },
    async send<T>(node: string, { api, body, read }: Exchange<T>) {
      const broker = await cluster.findBroker({ nodeId: node });
      return broker.connectionPool.send<T>({
        request: {
          apiKey: api.key,
          apiVersion: api.version,
          apiName: api.name,
          encode: async () => ({ buf: body, buffer: body, size: () => body.length }),
        },
        response: {
          async decode(payload) {
            const reader = createWireReader(payload);
            // A Produce answer has its throttle time at the end: `read` takes care of it.
            const clientSideThrottleTime = api.key === 0 ? 0 : reader.int32();
            return { clientSideThrottleTime, answer: read(reader) };
          },
          parse: async ({ answer }) => answer,
        },
        logResponseError: false,
      });
    },
    close: () => cluster.disconnect(),
  };
}

function open(kafka: Kafka): KafkajsCluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  const create = symbol && (kafka as unknown as Record<symbol, unknown>)[symbol];
  if (typeof create !== 'function') {
    throw new InconsistentStateError('kafkajs has no createCluster where it should be: run npm ci');
  }
  return create({ metadataMaxAge: 300_000, allowAutoTopicCreation: false }) as KafkajsCluster;
}

// Kafka's brokers as this service asks them: who leads a partition, and requests of our own.
import type { Kafka } from 'kafkajs';
import type { TopicPartition } from '../stream/log.ts';
import { openCluster } from './kafkajs-inside.ts';
import { createWireReader, type WireReader } from './wire.ts';

const PRODUCE = 0;

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

/** Connections of their own to the brokers of `kafka`. */
export function createCluster(kafka: Kafka): Cluster {
  const cluster = openCluster(kafka);
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
      const { connectionPool } = await cluster.findBroker({ nodeId: node });
      return connectionPool.send<T>({
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
            const clientSideThrottleTime = api.key === PRODUCE ? 0 : reader.int32();
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

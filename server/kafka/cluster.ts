// Kafka's brokers as this service asks them: who leads a partition, and requests of our own.
import type { Kafka } from 'kafkajs';
import { AppError } from '../errors.ts';
import { nameOf, type TopicPartition } from '../log/ports.ts';
import { createExchanges, type Exchange } from './exchange.ts';
import { REFUSED } from './kafkajs-error.ts';
import { type KafkajsBroker, openCluster } from './kafkajs-inside.ts';
import { type MetadataAnswer, metadataExchange, newer, type TopicMetadata } from './metadata.ts';
import { ErrorCode, errorName } from './protocol.ts';

const METADATA = 3;

/** `epoch`: -1 when the broker does not tell. */
export type Leader = { readonly node: string; readonly epoch: number };

/** Kafka's brokers, as far as requests to the leader of a partition go. Errors are AppErrors. */
export type Cluster = {
  /** From metadata; null when there is none (for now). */
  leader(tp: TopicPartition): Leader | null;
  /** In words why a partition has no leader. */
  whyNoLeader(tp: TopicPartition): string;
  /** What metadata said last of a topic; undefined before it was asked for. */
  topic(name: string): TopicMetadata | undefined;
  /** Asks for metadata of these topics, and of those asked for before. */
  refresh(topics: readonly string[]): Promise<void>;
  send<T>(node: string, exchange: Exchange<T>): Promise<T>;
  close(): Promise<void>;
};

/** Connections of their own to the brokers of `kafka`. */
export function createCluster(kafka: Kafka): Cluster {
  const asked = new Set<string>();
  const known = new Map<string, TopicMetadata>();
  const exchanges = createExchanges();
  /** Asked for each partition at each fetch, so it must not take looking for. */
  const leaders = new Map<string, ReadonlyMap<number, Leader>>();
  const cluster = openCluster(kafka, askMetadata);
  let connecting: Promise<void> | null = null;
  let asking: Promise<void> | null = null;

  async function askMetadata(broker: KafkajsBroker): Promise<MetadataAnswer> {
    const maxVersion = broker.versions?.[METADATA]?.maxVersion ?? 0;
    const answer = await exchanges.send(broker, metadataExchange([...asked], maxVersion));
    for (const topic of answer.topics) {
      const newest = newer(known.get(topic.topic), topic);
      known.set(topic.topic, newest);
      leaders.set(topic.topic, leadersOf(newest));
    }
    return answer;
  }

  async function ask(): Promise<void> {
    connecting ??= cluster.connect();
    try {
      await connecting;
    } catch (error) {
      connecting = null;
      throw error;
    }
    await cluster.refreshMetadata();
  }

  function askOnce(): Promise<void> {
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  }

  return {
    leader: ({ topic, partition }) => leaders.get(topic)?.get(partition) ?? null,
    whyNoLeader(tp) {
      const topic = known.get(tp.topic);
      if (topic === undefined) return 'its metadata was not had yet';
      if (topic.error !== ErrorCode.NONE) return errorName(topic.error);
      const found = topic.partitions.find(({ partition }) => partition === tp.partition);
      if (found === undefined) return `${tp.topic} has only ${topic.partitions.length} partitions`;
      return `no leader: ${errorName(found.error)}`;
    },
    topic: (name) => known.get(name),
    async refresh(topics) {
      const added = topics.filter((topic) => !asked.has(topic));
      for (const topic of added) asked.add(topic);
      try {
        // A request that is under way may have been sent before these topics were added.
        if (added.length > 0 && asking !== null) await asking.catch(() => {});
        await askOnce();
      } catch (error) {
        exchanges.rethrow(error);
      }
    },
    async send(node, exchange) {
      try {
        return await exchanges.send(await cluster.findBroker({ nodeId: node }), exchange);
      } catch (error) {
        return exchanges.rethrow(error);
      }
    },
    close: () => cluster.disconnect(),
  };
}

/** By partition; one without a leader is absent. */
function leadersOf({ partitions }: TopicMetadata): Map<number, Leader> {
  const led = partitions.filter(({ leader }) => leader >= 0);
  return new Map(
    led.map(({ partition, leader, epoch }) => [partition, { node: String(leader), epoch }]),
  );
}

/** The leader of a partition, asked for when it is not known. Throws an AppError (NO_LEADER) with the reason. */
export async function findLeader(cluster: Cluster, tp: TopicPartition): Promise<Leader> {
  if (cluster.leader(tp) === null) await cluster.refresh([tp.topic]);
  const leader = cluster.leader(tp);
  if (leader !== null) return leader;
  throw new AppError('NO_LEADER', `${nameOf(tp)}: ${cluster.whyNoLeader(tp)}`, true);
}

/**
 * The partitions of a topic as `refresh` found it, with or without a leader; 0 when there is no such
 * topic. Throws an AppError when Kafka does not say (METADATA), or not to us
 * (KAFKA_REFUSED).
 */
export function partitionCount(cluster: Cluster, topic: string): number {
  const found = cluster.topic(topic);
  if (found?.error === ErrorCode.NONE) return found.partitions.length;
  if (found?.error === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) return 0;
  if (found === undefined) throw new AppError('METADATA', `topic ${topic}: no metadata`, true);
  const code = found.error === ErrorCode.TOPIC_AUTHORIZATION_FAILED ? REFUSED : 'METADATA';
  throw new AppError(code, `topic ${topic}: ${errorName(found.error)}`, true);
}

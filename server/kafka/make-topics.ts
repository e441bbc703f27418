// Creates the topics that are missing, and gives the others as many partitions as `orders` has.
import type { Admin, ITopicConfig } from 'kafkajs';
import { type Cluster, partitionCount } from './cluster.ts';
import {
  CHECKPOINT_BYTES,
  deadLetterLimit,
  KEPT_FOR_EVER,
  MAX_MESSAGE_BYTES,
  replicasOf,
} from './topic-checks.ts';
import type { Described } from './topic-settings.ts';

export type TopicNames = {
  readonly orders: string;
  readonly deadLetters: string;
  readonly checkpoints: string;
  readonly commands: string;
};

/** The topics that there are, with the number of their partitions. */
export type PartitionCounts = ReadonlyMap<string, number>;

export type TopicMaker = {
  /** Asks Kafka for all of them. */
  counts(): Promise<PartitionCounts>;
  orders(partitions: number): Promise<void>;
  /** The topics beside `orders`, like `orders`; as the broker has it when that was made just now. */
  companions(existing: PartitionCounts, partitions: number, orders: Described): Promise<void>;
};

/** Kafka frees deleted records only a whole segment at a time, and not in the one it writes to. */
const SMALL_SEGMENTS = { 'segment.bytes': String(2 * CHECKPOINT_BYTES), 'segment.ms': '60000' };
const MIN_IN_SYNC = 'min.insync.replicas';

type Settings = Record<string, string>;

/** How often a topic is kept: -1 and null are the broker's defaults. */
type Like = { readonly replicas: number; readonly minInSync: string | null };

const AS_THE_BROKER: Like = { replicas: -1, minInSync: null };

/** Makes topics by way of `admin`, which has to be connected. */
export function createTopicMaker(deps: {
  admin: Admin;
  cluster: Cluster;
  names: TopicNames;
}): TopicMaker {
  const { admin, cluster, names } = deps;

  async function create(topic: string, partitions: number, like: Like, settings: Settings) {
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    const { replicas: replicationFactor, minInSync } = like;
    if (minInSync !== null) configEntries.push({ name: MIN_IN_SYNC, value: minInSync });
    const wanted: ITopicConfig = {
      topic,
      numPartitions: partitions,
      replicationFactor,
      configEntries,
    };
    await admin.createTopics({ topics: [wanted], waitForLeaders: true });
  }

  async function grow(topic: string, count: number): Promise<void> {
    await admin.createPartitions({ topicPartitions: [{ topic, count }] });
  }

  function likeOrders({ settings }: Described): Like {
    const minInSync = settings.get(MIN_IN_SYNC);
    return {
      replicas: replicasOf(cluster, names.orders),
      minInSync: minInSync?.own ? minInSync.value : null,
    };
  }

  return {
    async counts() {
      const wanted = Object.values(names);
      await cluster.refresh(wanted);
      const counts = wanted.map((topic) => [topic, partitionCount(cluster, topic)] as const);
      return new Map(counts.filter(([, count]) => count > 0));
    },
    orders: (partitions) => create(names.orders, partitions, AS_THE_BROKER, {}),
    async companions(existing, partitions, orders) {
      const companions: [string, Settings][] = [
        [names.deadLetters, { [MAX_MESSAGE_BYTES]: String(deadLetterLimit(orders)) }],
        [names.checkpoints, { [MAX_MESSAGE_BYTES]: String(CHECKPOINT_BYTES), ...SMALL_SEGMENTS }],
        [names.commands, {}],
      ];
      for (const [topic, settings] of companions) {
        const has = existing.get(topic);
        if (has === undefined) {
          const like = existing.has(names.orders) ? likeOrders(orders) : AS_THE_BROKER;
          await create(topic, partitions, like, { ...KEPT_FOR_EVER, ...settings });
        } else if (has < partitions) await grow(topic, partitions);
      }
    },
  };
}

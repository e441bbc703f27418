// The three topics: created when missing, grown together, checked and mended, trimmed.
import type { ITopicConfig, Kafka } from 'kafkajs';
import { AppError, describe, InconsistentStateError, isProgrammerError } from '../errors.ts';
import type { LogWriter } from '../stream/log.ts';
import type { Logger } from '../stream/logger.ts';
import { createCluster } from './cluster.ts';
import { fromKafkajs } from './kafkajs-error.ts';
import { ErrorCode, errorName } from './protocol.ts';
import {
  readSettings,
  type Settings,
  type Shortcoming,
  setSettings,
  settingOf,
  tooSmall,
} from './topic-settings.ts';

export type TopicNames = {
  readonly orders: string;
  readonly deadLetters: string;
  readonly checkpoints: string;
};

/** The number of partitions of each topic, and what is wrong with the topics, in words. */
export type TopicsState = { readonly partitions: number; readonly problems: string[] };

export type Topics = {
  /**
   * Creates and grows what is missing, and mends settings of the dead-letter topic that are less than
   * those of `orders`. Rejects with InconsistentStateError when the checkpoint topic would lose records.
   */
  ensure(): Promise<TopicsState>;
  /** The same writer, which has no dead letter written (retriable) while their topic would lose it. */
  guard(writer: LogWriter): LogWriter;
  /** Deletes the checkpoints of a partition below an offset. */
  trimCheckpoints(partition: number, below: number): Promise<void>;
  close(): Promise<void>;
};

/** What the service adds to an order in a dead letter, at most. */
const DEAD_LETTER_ROOM = 64 * 1024;
const CHECKPOINT_BYTES = 8 * 2 ** 20;
/** Kafka frees deleted records by the segment, and never the one it writes to. */
const SMALL_SEGMENTS = { 'segment.bytes': String(2 * CHECKPOINT_BYTES), 'segment.ms': '60000' };
const FOR_EVER = { 'retention.ms': '-1', 'retention.bytes': '-1' };
const LIMIT = 'max.message.bytes';
const MIN_IN_SYNC = 'min.insync.replicas';

/** The topics of one service; `partitions` counts when `orders` has to be created. */
export function createTopics(deps: {
  kafka: Kafka;
  names: TopicNames;
  partitions: number;
  logger: Logger;
}): Topics {
  const { kafka, names, logger } = deps;
  const admin = kafka.admin({ retry: { retries: 3 } });
  const cluster = createCluster(kafka);
  let connected = false;
  let checkedReplicas = false;
  let lossy: string | null = null;

  async function partitionCounts(): Promise<Map<string, number>> {
    const wanted = Object.values(names);
    const existing = (await admin.listTopics()).filter((topic) => wanted.includes(topic));
    if (existing.length === 0) return new Map();
    const { topics } = await admin.fetchTopicMetadata({ topics: existing });
    return new Map(topics.map(({ name, partitions }) => [name, partitions.length]));
  }

  /** The least number of replicas that a partition of the topic has. */
  async function replicasOf(topic: string): Promise<number> {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return Math.min(...topics[0]!.partitions.map(({ replicas }) => replicas.length));
  }

  async function create(topic: string, partitions: number, like: Like, config: Config) {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
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

  async function ensure(): Promise<TopicsState> {
    if (!connected) await admin.connect();
    connected = true;
    const existing = await partitionCounts();
    const partitions = existing.get(names.orders) ?? deps.partitions;
    const isNew = !existing.has(names.orders);
    if (isNew) await create(names.orders, partitions, AS_THE_BROKER, {});
    const companions = [names.deadLetters, names.checkpoints].filter((name) => existing.has(name));
    const [orders, ...theirs] = await readSettings(admin, [names.orders, ...companions]);
    const configs = new Map(companions.map((name, i) => [name, theirs[i]!]));
    const limit = Number(settingOf(names.orders, orders!, LIMIT));
    const wanted: [string, Config][] = [
      [names.deadLetters, { [LIMIT]: String(limit + DEAD_LETTER_ROOM) }],
      [names.checkpoints, { [LIMIT]: String(CHECKPOINT_BYTES), ...SMALL_SEGMENTS }],
    ];
    for (const [topic, config] of wanted) {
      const has = existing.get(topic);
      if (has === undefined) {
        const like = isNew ? AS_THE_BROKER : await likeOrders(orders!);
        const policy = { 'cleanup.policy': 'delete', ...FOR_EVER };
        await create(topic, partitions, like, { ...policy, ...config });
      } else if (has < partitions) await grow(topic, partitions);
    }
    const problems = [
      ...(await checkDeadLetters(configs.get(names.deadLetters), orders!, limit)),
      ...(await checkCheckpoints(configs.get(names.checkpoints))),
    ];
    await checkReplicas(companions).catch((error: unknown) => {
      logger.debug('replicas are not known', { error: describe(error) });
    });
    return { partitions, problems };
  }

  async function likeOrders(orders: Settings): Promise<Like> {
    const minInSync = orders.get(MIN_IN_SYNC);
    return {
      replicas: await replicasOf(names.orders),
      minInSync: minInSync?.own ? minInSync.value : null,
    };
  }

  async function checkDeadLetters(
    found: Settings | undefined,
    orders: Settings,
    limit: number,
  ): Promise<string[]> {
    const topic = names.deadLetters;
    lossy = null;
    if (found === undefined) return [];
    const policy = settingOf(topic, found, 'cleanup.policy');
    if (policy.includes('compact')) {
      lossy = `topic ${topic} has cleanup.policy=${policy}: compaction would remove dead letters, so none is written until it is delete`;
      return [lossy];
    }
    const retention = (name: string) =>
      tooSmall(topic, found, name, Number(settingOf(names.orders, orders, name)));
    return mend(topic, `to follow ${names.orders}`, [
      ...tooSmall(topic, found, LIMIT, limit + DEAD_LETTER_ROOM),
      ...retention('retention.ms'),
      ...retention('retention.bytes'),
    ]);
  }

  /** Compaction and retention would take away what a restore needs. */
  async function checkCheckpoints(found: Settings | undefined): Promise<string[]> {
    const topic = names.checkpoints;
    if (found === undefined) return [];
    for (const [name, value] of Object.entries({ 'cleanup.policy': 'delete', ...FOR_EVER })) {
      const has = settingOf(topic, found, name);
      if (has === value) continue;
      throw new InconsistentStateError(`topic ${topic} has ${name}=${has}, it needs ${value}`);
    }
    return mend(topic, 'for checkpoints', tooSmall(topic, found, LIMIT, CHECKPOINT_BYTES));
  }

  /** Sets what falls short; in words what could not be set. */
  async function mend(topic: string, why: string, faults: Shortcoming[]): Promise<string[]> {
    if (faults.length === 0) return [];
    const changes = faults.map(({ name, found, wanted }) => `${name} from ${found} to ${wanted}`);
    try {
      await cluster.refresh([topic]);
      const node = cluster.leader({ topic, partition: 0 });
      if (node === null) throw new AppError('NO_LEADER', 'it has no leader', true);
      const { error, message } = await cluster.send(node, setSettings(topic, faults));
      if (error !== ErrorCode.NONE) {
        throw new AppError('NOT_CHANGED', `${errorName(error)} ${message}`.trim(), false);
      }
      logger.info('a topic was changed', { topic, changes, why });
      return [];
    } catch (error) {
      if (isProgrammerError(error)) throw error;
      const what = `topic ${topic} has to change ${changes.join(' and ')} ${why}`;
      return [`${what}, which was refused: ${describe(error)}`];
    }
  }

  /** Said once, and never in the way: only the operator of the cluster can move replicas. */
  async function checkReplicas(companions: readonly string[]): Promise<void> {
    if (checkedReplicas) return;
    const wanted = await replicasOf(names.orders);
    for (const topic of companions) {
      const replicas = await replicasOf(topic);
      if (replicas >= wanted) continue;
      logger.warn('a topic has fewer replicas than orders', { topic, replicas, wanted });
    }
    checkedReplicas = true;
  }

  return {
    ensure: () => ensure().catch(fromKafkajs),
    guard: (writer) => ({
      async append(tp, ...rest) {
        if (lossy === null || tp.topic !== names.deadLetters) return writer.append(tp, ...rest);
        throw new AppError('TOPIC_LOSES_RECORDS', lossy, true);
      },
    }),
    async trimCheckpoints(partition, below) {
      const topic = names.checkpoints;
      // A fresh admin client does not know the leader before it was asked for something else.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({
        topic,
        partitions: [{ partition, offset: String(below) }],
      });
    },
    async close() {
      if (!connected) return;
      await admin.disconnect();
      await cluster.close();
    },
  };
}

type Config = Record<string, string>;

/** How often a topic is kept: -1 and null are the broker's defaults. */
type Like = { readonly replicas: number; readonly minInSync: string | null };

const AS_THE_BROKER: Like = { replicas: -1, minInSync: null };

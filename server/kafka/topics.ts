// The four topics: created when missing, grown together, checked and mended, trimmed.
import type { ITopicConfig, Kafka } from 'kafkajs';
import { AppError, describe } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { type LogWriter, nameOf } from '../log/ports.ts';
import { createCluster, findLeader, partitionCount } from './cluster.ts';
import { fromKafkajs } from './kafkajs-error.ts';
import { deleteRecordsExchange } from './offsets.ts';
import { ErrorCode, errorName } from './protocol.ts';
import {
  CHECKPOINT_BYTES,
  checkpointFaults,
  checkReplicas,
  deadLetterFaults,
  deadLetterLimit,
  KEPT_FOR_EVER,
  LIMIT,
  lossOf,
  mend,
  mustKeepAll,
  replicasOf,
} from './topic-checks.ts';
import { type Described, readTopicSettings } from './topic-settings.ts';

export type TopicNames = {
  readonly orders: string;
  readonly deadLetters: string;
  readonly checkpoints: string;
  readonly commands: string;
};

/** The number of partitions of each topic, and what is wrong with the topics, in words. */
export type TopicsState = { readonly partitions: number; readonly problems: string[] };

export type Topics = {
  /**
   * Creates and grows what is missing, and mends settings of the dead-letter topic that are less than
   * those of `orders`. Rejects with InconsistentStateError when checkpoints or commands would be lost.
   */
  ensure(): Promise<TopicsState>;
  /** How many partitions each topic had when that was asked last; 0 before. */
  readonly partitions: number;
  /** The same writer, but it refuses (retriable) to write a dead letter while their topic would lose it. */
  guard(writer: LogWriter): LogWriter;
  /** Deletes the checkpoints of a partition below an offset. Rejects with an AppError (TRIM), not retriable when it is not allowed. */
  trimCheckpoints(partition: number, below: number): Promise<void>;
  close(): Promise<void>;
};

/** Kafka frees deleted records only a whole segment at a time, and not in the one it writes to. */
const SMALL_SEGMENTS = { 'segment.bytes': String(2 * CHECKPOINT_BYTES), 'segment.ms': '60000' };
/** TOPIC_AUTHORIZATION_FAILED, UNSUPPORTED_VERSION, POLICY_VIOLATION: asking again does not help. */
const WILL_NOT_PASS: ReadonlySet<number> = new Set([29, 35, 44]);
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
  let knowsReplicas = false;
  let saysPartitions = false;
  let lossy: string | null = null;
  let knownPartitions = 0;

  async function partitionCounts(): Promise<Map<string, number>> {
    const wanted = Object.values(names);
    await cluster.refresh(wanted);
    const counts = wanted.map((topic): [string, number] => [topic, partitionCount(cluster, topic)]);
    return new Map(counts.filter(([, count]) => count > 0));
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
    else sayPartitions(partitions);
    const companionNames = [names.deadLetters, names.checkpoints, names.commands];
    const beside = companionNames.filter((topic) => existing.has(topic));
    const [orders, ...others] = await readTopicSettings(admin, [names.orders, ...beside]);
    const settingsOf = (name: string) => others.filter(({ topic }) => topic === name);
    const companions: [string, Config][] = [
      [names.deadLetters, { [LIMIT]: String(deadLetterLimit(orders!)) }],
      [names.checkpoints, { [LIMIT]: String(CHECKPOINT_BYTES), ...SMALL_SEGMENTS }],
      [names.commands, {}],
    ];
    for (const [topic, config] of companions) {
      const has = existing.get(topic);
      if (has === undefined) {
        const like = isNew ? AS_THE_BROKER : likeOrders(orders!);
        await create(topic, partitions, like, { ...KEPT_FOR_EVER, ...config });
      } else if (has < partitions) await grow(topic, partitions);
    }
    const problems: string[] = [];
    lossy = null;
    for (const deadLetters of settingsOf(names.deadLetters)) {
      lossy = lossOf(deadLetters);
      if (lossy !== null) problems.push(lossy);
      const faults = deadLetterFaults(deadLetters, orders!);
      problems.push(...(await mend(cluster, logger, names.deadLetters, faults)));
    }
    for (const checkpoints of settingsOf(names.checkpoints)) {
      const faults = checkpointFaults(checkpoints);
      problems.push(...(await mend(cluster, logger, names.checkpoints, faults)));
    }
    for (const commands of settingsOf(names.commands)) mustKeepAll(commands);
    lookAtReplicas(beside);
    knownPartitions = partitions;
    return { partitions, problems };
  }

  function likeOrders({ settings }: Described): Like {
    const minInSync = settings.get(MIN_IN_SYNC);
    return {
      replicas: replicasOf(cluster, names.orders),
      minInSync: minInSync?.own ? minInSync.value : null,
    };
  }

  /** Says once that PARTITIONS has no effect on a topic that is there already. */
  function sayPartitions(partitions: number): void {
    if (saysPartitions || partitions >= deps.partitions) return;
    saysPartitions = true;
    const words = 'orders has fewer partitions than PARTITIONS, which counts when it is created';
    logger.info(words, { topic: names.orders, partitions, PARTITIONS: deps.partitions });
  }

  /** Warns once when other topics have fewer replicas than `orders`; a failure stops nothing. */
  function lookAtReplicas(beside: readonly string[]): void {
    if (knowsReplicas) return;
    try {
      checkReplicas(cluster, logger, names.orders, beside);
      knowsReplicas = true;
    } catch (error) {
      logger.debug('replicas are not known', { error: describe(error) });
    }
  }

  return {
    ensure: () => ensure().catch(fromKafkajs),
    get partitions() {
      return knownPartitions;
    },
    guard: (writer) => ({
      async append(tp, ...rest) {
        if (lossy === null || tp.topic !== names.deadLetters) return writer.append(tp, ...rest);
        throw new AppError('TOPIC_LOSES_RECORDS', lossy, true);
      },
    }),
    async trimCheckpoints(partition, below) {
      const tp = { topic: names.checkpoints, partition };
      const { node } = await findLeader(cluster, tp);
      const [answer] = await cluster.send(node, deleteRecordsExchange(tp, below));
      if (answer?.error === ErrorCode.NONE) return;
      // The leader may have moved; should that fail too, the next trim finds out.
      await cluster.refresh([tp.topic]).catch(() => {});
      const error = answer?.error ?? ErrorCode.UNKNOWN;
      const words = `${nameOf(tp)} cannot be trimmed: ${errorName(error)}`;
      throw new AppError('TRIM', words, !WILL_NOT_PASS.has(error));
    },
    async close() {
      await Promise.all([cluster.close(), connected ? admin.disconnect() : undefined]);
    },
  };
}

type Config = Record<string, string>;

/** How often a topic is kept: -1 and null are the broker's defaults. */
type Like = { readonly replicas: number; readonly minInSync: string | null };

const AS_THE_BROKER: Like = { replicas: -1, minInSync: null };

// The four topics: created when missing, grown together, checked and mended, trimmed.
import type { Kafka } from 'kafkajs';
import { AppError, describe } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import type { LogWriter } from '../log/ports.ts';
import { createCluster } from './cluster.ts';
import { fromKafkajs } from './kafkajs-error.ts';
import { createTopicMaker, type TopicNames } from './make-topics.ts';
import {
  checkpointFaults,
  checkReplicas,
  deadLetterFaults,
  lossOf,
  mend,
  mustKeepAll,
} from './topic-checks.ts';
import { type Described, readTopicSettings } from './topic-settings.ts';
import { trim } from './trim.ts';

/** The number of partitions of each topic, and what is wrong with the topics, in words. */
export type TopicsState = { readonly partitions: number; readonly problems: string[] };

export type ServiceTopics = {
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

/** The topics of one service; `partitions` counts when `orders` has to be created. */
export function createServiceTopics(deps: {
  kafka: Kafka;
  names: TopicNames;
  partitions: number;
  logger: Logger;
}): ServiceTopics {
  const { kafka, names, logger } = deps;
  const admin = kafka.admin({ retry: { retries: 3 } });
  const cluster = createCluster(kafka);
  const make = createTopicMaker({ admin, cluster, names });
  let connected = false;
  let knowsReplicas = false;
  let saysPartitions = false;
  let lossy: string | null = null;
  let knownPartitions = 0;

  async function ensure(): Promise<TopicsState> {
    if (!connected) await admin.connect();
    connected = true;
    const existing = await make.counts();
    const partitions = existing.get(names.orders) ?? deps.partitions;
    if (existing.has(names.orders)) sayPartitions(partitions);
    else await make.orders(partitions);
    const companions = [names.deadLetters, names.checkpoints, names.commands];
    const beside = companions.filter((topic) => existing.has(topic));
    const [orders, ...others] = await readTopicSettings(admin, [names.orders, ...beside]);
    await make.companions(existing, partitions, orders!);
    const problems = await mendAll(orders!, new Map(others.map((each) => [each.topic, each])));
    lookAtReplicas(beside);
    knownPartitions = partitions;
    return { partitions, problems };
  }

  /** Mends what stood there before; in words what could not be mended. */
  async function mendAll(
    orders: Described,
    others: ReadonlyMap<string, Described>,
  ): Promise<string[]> {
    const deadLetters = others.get(names.deadLetters);
    const checkpoints = others.get(names.checkpoints);
    const commands = others.get(names.commands);
    const problems: string[] = [];
    lossy = deadLetters === undefined ? null : lossOf(deadLetters);
    if (lossy !== null) problems.push(lossy);
    if (deadLetters !== undefined) {
      const faults = deadLetterFaults(deadLetters, orders);
      problems.push(...(await mend(cluster, logger, names.deadLetters, faults)));
    }
    if (checkpoints !== undefined) {
      const faults = checkpointFaults(checkpoints);
      problems.push(...(await mend(cluster, logger, names.checkpoints, faults)));
    }
    if (commands !== undefined) mustKeepAll(commands);
    return problems;
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
    trimCheckpoints: (partition, below) =>
      trim(cluster, { topic: names.checkpoints, partition }, below),
    async close() {
      await Promise.all([cluster.close(), connected ? admin.disconnect() : undefined]);
    },
  };
}

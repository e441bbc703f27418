// Wires the service: Kafka on one side, HTTP on the other, the tasks between. It touches nothing of
// the process, so that a test can run it whole.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Config, saslOf } from './config.ts';
import { describe, isRetriable } from './errors.ts';
import { createHealth } from './health.ts';
import type { OverviewSource } from './http/overview.ts';
import { createAppender } from './kafka/appender.ts';
import { createKafka } from './kafka/client.ts';
import { createCluster } from './kafka/cluster.ts';
import { createFetcher } from './kafka/fetcher.ts';
import { createMembership } from './kafka/membership.ts';
import { createTopics } from './kafka/topics.ts';
import { createOverview } from './overview.ts';
import { systemClock as clock, delay } from './stream/clock.ts';
import { createGroupView } from './stream/group-view.ts';
import { shareTopicIds } from './stream/identity.ts';
import { nameOf } from './stream/log.ts';
import type { Logger } from './stream/logger.ts';
import { createOrderHandler } from './stream/order-handler.ts';
import { createPartitionTask } from './stream/partition-task.ts';
import type { TaskDeps } from './stream/task-run.ts';
import { createTasks } from './stream/tasks.ts';

const RETRY_MS = 1000;
const UPKEEP_MS = 5000;
/** Of the time of this process, for encoding checkpoints; to send and read them costs four times that. */
export const CHECKPOINT_SHARE = 0.02;
const MAX_PRODUCT_BYTES = 6 * 2 ** 20;

export type Service = {
  readonly overview: OverviewSource;
  /** Reaches Kafka, catches up and joins; keeps trying until it succeeds or `stop` is called. */
  start(): Promise<void>;
  /** Stops fetching, writes the last checkpoints, leaves the group, disconnects. */
  stop(): Promise<void>;
};

/** What the tasks stand on: the logs, the business logic and time. */
export type TaskGround = Pick<TaskDeps, 'reader' | 'writer' | 'handle' | 'clock'> & {
  trim(partition: number, below: number): Promise<void>;
};

/** A service on the given brokers; `onCrash` hears that it cannot go on, `wrap` stands between Kafka and the tasks. */
export function createService(deps: {
  config: Config;
  brokers: readonly string[];
  embedded: boolean;
  logger: Logger;
  onCrash: (error: Error) => void;
  wrap?: (ground: TaskGround) => TaskGround;
}): Service {
  const { config, brokers, embedded, logger, onCrash, wrap = (ground) => ground } = deps;
  const startedAt = clock.now();
  const author = {
    group: config.GROUP_ID,
    app: 'order-stream',
    instance: `${hostname()}-${randomUUID().slice(0, 8)}`,
  };
  const topicNames = {
    orders: config.ORDERS_TOPIC,
    deadLetters: config.DLQ_TOPIC,
    checkpoints: config.CHECKPOINT_TOPIC,
  };
  const health = createHealth({ config, brokers, embedded, startedAt, clock });
  const kafka = createKafka({
    brokers: [...brokers],
    ssl: config.KAFKA_SSL,
    sasl: saslOf(config),
    clientId: author.app,
    logger,
  });
  const readerDeps = () => ({
    cluster: createCluster(kafka),
    logger,
    random: Math.random,
    onState: health.kafka,
    onPartition: () => {},
  });
  // On connections of their own, so that what everybody sees does not wait behind the orders.
  const taskReader = createFetcher(readerDeps());
  const viewReader = createFetcher(readerDeps());
  const writer = createAppender({ cluster: createCluster(kafka) });
  const topics = createTopics({
    kafka,
    names: topicNames,
    partitions: config.PARTITIONS,
    logger,
  });
  const view = createGroupView({
    reader: viewReader,
    group: config.GROUP_ID,
    checkpointTopic: topicNames.checkpoints,
    deadLetterTopic: topicNames.deadLetters,
    deadLetterBufferSize: config.DLQ_BUFFER_SIZE,
    clock,
    onCheckpoint: (...checkpoint) => tasks.readBack(...checkpoint),
    onFailed: (tp, error) => health.failed(`${nameOf(tp)} cannot be shown: ${describe(error)}`),
  });
  const ground = wrap({
    reader: shareTopicIds(taskReader, clock),
    writer: topics.guard(writer),
    handle: createOrderHandler(config.FAILURE_RATE, Math.random),
    clock,
    trim: topics.trimCheckpoints,
  });
  const tasks = createTasks({
    clock: ground.clock,
    logger,
    createTask: (partition, onFailed) =>
      createPartitionTask({
        ...ground,
        logs: {
          group: config.GROUP_ID,
          orders: { topic: topicNames.orders, partition },
          deadLetters: { topic: topicNames.deadLetters, partition },
          checkpoints: { topic: topicNames.checkpoints, partition },
        },
        author,
        startedAt,
        generation: membership.generation,
        trim: (below) => ground.trim(partition, below),
        policy: {
          maxRetries: config.MAX_RETRIES,
          backoffMs: config.RETRY_BACKOFF_MS,
          maxBackoffMs: config.RETRY_MAX_BACKOFF_MS,
        },
        limits: {
          maxPending: config.MAX_PENDING,
          maxPendingBytes: config.MAX_PENDING_BYTES,
          maxProducts: config.MAX_PRODUCTS,
          maxProductBytes: MAX_PRODUCT_BYTES,
        },
        checkpointIntervalMs: config.CHECKPOINT_INTERVAL_MS,
        checkpointShare: () => CHECKPOINT_SHARE / Math.max(1, tasks.positions().size),
        random: Math.random,
        logger,
        onProblem: (words) => health.problem(`dead letters of ${partition}`, words),
        onFailed,
      }),
  });
  const membership = createMembership({
    kafka,
    groupId: config.GROUP_ID,
    topic: topicNames.orders,
    logger,
    onAssigned(partitions) {
      tasks.assign(partitions);
      health.joined();
    },
    onState: () => {},
    onCrash,
  });
  let stopping = false;
  let cancelUpkeep = () => {};

  /** Until it succeeds; rejects with what trying again cannot mend. */
  async function insist(step: () => Promise<void>): Promise<void> {
    while (!stopping) {
      try {
        return await step();
      } catch (error) {
        if (!isRetriable(error)) throw error;
        health.kafka(false, error);
        await delay(clock, RETRY_MS);
      }
    }
  }

  async function ensureTopics(): Promise<void> {
    const { partitions, problems } = await topics.ensure();
    health.problem('topics', problems.length === 0 ? null : problems.join('; '));
    view.follow(Array.from({ length: partitions }, (_, partition) => partition));
  }

  function upkeep(): void {
    Promise.all([ensureTopics(), membership.commit(tasks.positions())])
      .catch((error: unknown) => logger.warn('upkeep', { error: describe(error) }))
      .finally(() => {
        if (!stopping) cancelUpkeep = clock.after(UPKEEP_MS, upkeep);
      });
  }

  return {
    overview: createOverview({ view, clock, status: () => health.status(tasks.status()) }),
    async start() {
      try {
        await insist(ensureTopics);
        if (stopping) return;
        await view.caughtUp();
        health.caughtUp();
        await insist(membership.start);
        upkeep();
      } catch (error) {
        if (stopping) return;
        logger.error('the service cannot start', { error: describe(error) });
        health.failed(describe(error));
      }
    },
    async stop() {
      stopping = true;
      health.stopping();
      cancelUpkeep();
      view.close();
      await tasks.close();
      await membership.stop();
      await Promise.all([taskReader.close(), viewReader.close(), writer.close(), topics.close()]);
    },
  };
}

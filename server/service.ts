// Wires the service: Kafka on one side, HTTP on the other, the tasks between. It touches nothing of
// the process, so that a test can run it whole.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Config, saslOf } from './config.ts';
import { describe, isProgrammerError, isRetriable } from './errors.ts';
import { createHealth } from './health.ts';
import type { OverviewSource } from './http/overview.ts';
import { createIncidents } from './incidents.ts';
import { createAppender } from './kafka/appender.ts';
import { createKafka } from './kafka/client.ts';
import { createCluster } from './kafka/cluster.ts';
import { createEnds } from './kafka/ends.ts';
import { createFetcher } from './kafka/fetcher.ts';
import { isRefusal } from './kafka/kafkajs-error.ts';
import { createMembership } from './kafka/membership.ts';
import { createTopics } from './kafka/topics.ts';
import { createLag } from './lag.ts';
import { createOverview } from './overview.ts';
import { systemClock as clock, delay } from './stream/clock.ts';
import { createGroupView } from './stream/group-view.ts';
import { nameOf } from './stream/log.ts';
import type { Logger } from './stream/logger.ts';
import { createOrderHandler } from './stream/order-handler.ts';
import { createPartitionTask } from './stream/partition-task.ts';
import { createProgress, type Progress } from './stream/progress.ts';
import type { TaskDeps } from './stream/task-run.ts';
import { createTasks } from './stream/tasks.ts';
import { watchHandler, watchReader } from './stream/watched.ts';
import { repeat } from './upkeep.ts';

const RETRY_MS = 1000;
const UPKEEP_MS = 5000;
/** How often the log hears of what is wrong, and the ends of the partitions are asked for. */
const LOOK_MS = 1000;
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
  const progress = { tasks: createProgress(clock), view: createProgress(clock) };
  const health = createHealth({
    config,
    brokers,
    embedded,
    startedAt,
    clock,
    progress,
    tasks: () => tasks.status(),
    heartbeatAge: () => membership.heartbeatAge(),
  });
  const incidents = createIncidents({ logger, clock });
  const kafka = createKafka({
    brokers: [...brokers],
    ssl: config.KAFKA_SSL,
    sasl: saslOf(config),
    clientId: author.app,
    logger,
    onTrouble: (words) => health.kafka(false, words),
  });
  const createReader = (of: Progress) =>
    createFetcher({
      cluster: createCluster(kafka),
      logger,
      random: Math.random,
      onState: health.kafka,
      onPartition: of.readEnded,
    });
  // On connections of their own, so that what everybody sees does not wait behind the orders.
  const taskReader = createReader(progress.tasks);
  const viewReader = createReader(progress.view);
  const ends = createEnds({ cluster: createCluster(kafka) });
  const writer = createAppender({ cluster: createCluster(kafka) });
  const topics = createTopics({ kafka, names: topicNames, partitions: config.PARTITIONS });
  const view = createGroupView({
    reader: watchReader(viewReader, progress.view),
    group: config.GROUP_ID,
    checkpointTopic: topicNames.checkpoints,
    deadLetterTopic: topicNames.deadLetters,
    deadLetterBufferSize: config.DLQ_BUFFER_SIZE,
    clock,
    onCheckpoint: (...checkpoint) => tasks.readBack(...checkpoint),
    onFailed: (tp, error) => health.failed(`${nameOf(tp)} cannot be shown: ${describe(error)}`),
  });
  const ground = wrap({
    reader: watchReader(taskReader, progress.tasks),
    writer,
    handle: watchHandler(createOrderHandler(config.FAILURE_RATE, Math.random), progress.tasks),
    clock,
    trim: topics.trimCheckpoints,
  });
  const tasks = createTasks({
    clock: ground.clock,
    logger,
    onTrim,
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
        progress: progress.tasks,
        onFailed,
      }),
  });
  const membership = createMembership({
    kafka,
    groupId: config.GROUP_ID,
    topic: topicNames.orders,
    logger,
    onAssigned: tasks.assign,
    onState: health.member,
    onCrash,
  });
  const lag = createLag({
    readEnds: () => ends.read(topicNames.orders, partitions),
    partitions: () => partitions,
    nextOffsets: () => (isCaughtUp ? view.heads() : null),
    isOld: (partition) => health.isOld({ topic: topicNames.checkpoints, partition }),
    clock,
  });
  let partitions = 0;
  let isCaughtUp = false;
  let stopping = false;
  const repeated: (() => void)[] = [];

  function onTrim(partition: number, error: unknown): void {
    const name = nameOf({ topic: topicNames.checkpoints, partition });
    const key = `trim ${name}`;
    const words = error === null ? null : `${name} grows, nothing is deleted: ${describe(error)}`;
    const passes = error === null || isRetriable(error);
    health.problem(key, passes ? null : words);
    health.note(key, passes ? words : null);
  }

  /** Until it succeeds; rejects with what trying again cannot mend. */
  async function insist(what: string, step: () => Promise<void>): Promise<void> {
    while (!stopping) {
      try {
        await step();
        health.problem(what, null);
        return;
      } catch (error) {
        if (!isRetriable(error)) throw error;
        // A Kafka that says why it refuses is there.
        if (isRefusal(error)) health.problem(what, `${what}: ${describe(error)}`);
        health.kafka(isRefusal(error), error);
        await delay(clock, RETRY_MS);
      }
    }
  }

  async function ensureTopics(): Promise<void> {
    const found = await topics.ensure();
    health.kafka(true);
    health.problem('topics', found.problems.join('; ') || null);
    partitions = found.partitions;
    view.follow(Array.from({ length: partitions }, (_, partition) => partition));
  }

  function every(ms: number, what: string, work: () => Promise<void> | void): void {
    const onResult = (error: unknown) => {
      if (isProgrammerError(error)) onCrash(error as Error);
      else health.note(what, error === null ? null : `${what}: ${describe(error)}`);
    };
    repeated.push(repeat({ clock, ms, work, onResult }));
  }

  return {
    overview: createOverview({ view, clock, status: health.status, lag: lag.read }),
    async start() {
      every(LOOK_MS, 'log', () => incidents.update(health.incidents()));
      try {
        await insist('the topics cannot be prepared', ensureTopics);
        if (stopping) return;
        every(LOOK_MS, 'the ends of the partitions are not known', lag.ask);
        await view.caughtUp();
        if (stopping) return;
        isCaughtUp = true;
        health.caughtUp();
        await insist('the group cannot be joined', membership.start);
        every(UPKEEP_MS, 'the topics cannot be checked', ensureTopics);
        every(UPKEEP_MS, 'next offsets are not committed', () =>
          membership.commit(tasks.positions()),
        );
      } catch (error) {
        if (!stopping) health.failed(`the service cannot start: ${describe(error)}`);
      }
    },
    async stop() {
      stopping = true;
      health.stopping();
      for (const end of repeated) end();
      view.close();
      await tasks.close();
      await membership.stop();
      await Promise.all([
        taskReader.close(),
        viewReader.close(),
        ends.close(),
        writer.close(),
        topics.close(),
      ]);
    },
  };
}

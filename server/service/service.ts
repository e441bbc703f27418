// Wires the service: Kafka on one side, HTTP on the other, the tasks between. It touches nothing of
// the process, so that a test can run it whole.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Config, saslOf } from '../config.ts';
import { describe } from '../errors.ts';
import type { OverviewSource } from '../http/overview.ts';
import { createAppender } from '../kafka/appender.ts';
import { createKafka } from '../kafka/client.ts';
import { createCluster } from '../kafka/cluster.ts';
import { createEnds } from '../kafka/ends.ts';
import { createFetcher } from '../kafka/fetcher.ts';
import { createMembership } from '../kafka/membership.ts';
import { createTopics } from '../kafka/topics.ts';
import { systemClock as clock, delay } from '../log/clock.ts';
import type { Logger } from '../log/logger.ts';
import { nameOf } from '../log/ports.ts';
import { createProgress, type Progress } from '../log/progress.ts';
import { createGroupAverages } from '../orders/group-averages.ts';
import { idOf } from '../orders/order-fold.ts';
import { createOrderHandler } from '../orders/order-handler.ts';
import { createPostHandler } from '../orders/post-order.ts';
import { shareTopicIds } from '../task/identity.ts';
import { watchHandler, watchReader } from '../task/watched.ts';
import { createGroupView } from '../view/group-view.ts';
import { createHealth } from './health.ts';
import { createIncidents } from './incidents.ts';
import { createLag } from './lag.ts';
import { type OrderSchemas, openOrderSchemas } from './order-schemas.ts';
import { createOverview } from './overview.ts';
import { createOwnTasks, type TaskGround } from './own-tasks.ts';
import { createUpkeep } from './upkeep.ts';

const UPKEEP_MS = 5000;
/** How often the log hears of what is wrong, and the ends of the partitions are asked for. */
const LOOK_MS = 1000;
/** The group is not joined before the view has caught up, or this has passed. */
const CATCH_UP_MS = 5000;

export type Service = {
  readonly overview: OverviewSource;
  /** What `GET /schema` shows. */
  readonly schemas: OrderSchemas['shown'];
  /** Reaches Kafka, catches up and joins; keeps trying until it succeeds or `stop` is called. */
  start(): Promise<void>;
  /** Stops fetching, writes the last checkpoints, leaves the group, disconnects. */
  stop(): Promise<void>;
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
  const orderSchemas = openOrderSchemas({
    config,
    clock,
    onTrouble: (words) => health.problem('registry', words),
  });
  const incidents = createIncidents({ logger, clock });
  const kafka = createKafka({
    brokers: [...brokers],
    ssl: config.KAFKA_SSL,
    sasl: saslOf(config),
    clientId: author.app,
    logger,
    onTrouble: health.unconnected,
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
  const topics = createTopics({
    kafka,
    names: topicNames,
    partitions: config.PARTITIONS,
    logger,
  });
  const averages = createGroupAverages(clock);
  const view = createGroupView({
    reader: watchReader(viewReader, progress.view),
    group: config.GROUP_ID,
    checkpointTopic: topicNames.checkpoints,
    deadLetterTopic: topicNames.deadLetters,
    deadLetterBufferSize: config.DLQ_BUFFER_SIZE,
    state: averages,
    idOf: (value) => idOf(value, orderSchemas),
    clock,
    logger,
    isOut: (partition) => health.unread().has(partition),
    onCheckpoint: (...checkpoint) => tasks.readBack(...checkpoint),
    onFailed: (tp, error) => health.failed(`${nameOf(tp)} cannot be shown: ${describe(error)}`),
  });
  const ground = wrap({
    reader: shareTopicIds(taskReader, clock),
    writer: topics.guard(writer),
    handle:
      config.HANDLER_URL === null
        ? createOrderHandler(config.FAILURE_RATE, Math.random)
        : createPostHandler(config.HANDLER_URL),
    clock,
    trim: topics.trimCheckpoints,
  });
  const tasks = createOwnTasks({
    config,
    ground: {
      ...ground,
      reader: watchReader(ground.reader, progress.tasks),
      handle: watchHandler(ground.handle, progress.tasks),
    },
    author,
    decoder: orderSchemas,
    startedAt,
    topics: topicNames,
    generation: () => membership.generation(),
    progress: progress.tasks,
    logger,
    onTrim,
    onProblem: (partition, words) => health.problem(`dead letters of ${partition}`, words),
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
    heads: view.heads,
    isKnown: view.isCaughtUp,
    old: health.oldHeads,
    clock,
  });
  const upkeep = createUpkeep({ clock, health, onCrash });
  let partitions = 0;
  let stopping = false;

  function onTrim(partition: number, error: unknown): void {
    const name = nameOf({ topic: topicNames.checkpoints, partition });
    upkeep.report(`${name} grows, nothing is deleted`, error);
  }

  async function ensureTopics(): Promise<void> {
    const found = await topics.ensure();
    health.kafka(true);
    health.problem('topics', found.problems.join('; ') || null);
    partitions = found.partitions;
    view.follow(Array.from({ length: partitions }, (_, partition) => partition));
  }

  return {
    schemas: orderSchemas.shown,
    overview: createOverview({
      view,
      averages,
      clock,
      status: health.status,
      lag: lag.read,
      old: health.oldHeads,
    }),
    async start() {
      upkeep.every(LOOK_MS, 'log', () => incidents.update(health.incidents()));
      try {
        await upkeep.insist('the topics cannot be prepared', ensureTopics);
        if (stopping) return;
        upkeep.every(LOOK_MS, 'the ends of the partitions are not known', lag.ask);
        // Who cannot be read says so itself; a partition without a leader holds up no other.
        const reading = view.caughtUp().then(health.caughtUp, () => {});
        await Promise.race([reading, delay(clock, CATCH_UP_MS)]);
        if (stopping) return;
        health.joining();
        await upkeep.insist('the group cannot be joined', membership.start);
        upkeep.every(UPKEEP_MS, 'the topics cannot be checked', ensureTopics);
        upkeep.every(UPKEEP_MS, 'next offsets are not committed', async () => {
          if (membership.heartbeatAge() !== null) await membership.commit(tasks.positions());
        });
      } catch (error) {
        if (!stopping) health.failed(`the service cannot start: ${describe(error)}`);
      }
    },
    async stop() {
      stopping = true;
      health.stopping();
      upkeep.end();
      view.close();
      await tasks.close();
      orderSchemas.close();
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

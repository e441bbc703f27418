// Wires the service: Kafka on one side, HTTP on the other, the tasks between. It touches nothing of
// the process, so that a test can run it whole.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Config, saslOf } from '../config.ts';
import { describe } from '../errors.ts';
import type { Letters } from '../http/letters.ts';
import type { CoreSource } from '../http/overview.ts';
import type { Commands } from '../http/routes/commands.ts';
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
import { checkedOrder, inspectOrder, orderFromJson } from '../orders/inspect-order.ts';
import { idOf } from '../orders/order-fold.ts';
import { createOrderHandler } from '../orders/order-handler.ts';
import { createPostHandler } from '../orders/post-order.ts';
import { shareTopicIds } from '../task/identity.ts';
import { watchHandler, watchReader } from '../task/watched.ts';
import { createCommands } from '../view/commands.ts';
import { createGroupView } from '../view/group-view.ts';
import { createChooser } from '../view/letter-choice.ts';
import { createCommandBook } from './command-book.ts';
import { createCommandDesk } from './commands.ts';
import { createHealth } from './health.ts';
import { createIncidents } from './incidents.ts';
import { createLag } from './lag.ts';
import { createLetterRedrives } from './letter-redrives.ts';
import { createLetters } from './letters.ts';
import { createOverview } from './overview.ts';
import { createOwnTasks, type TaskGround } from './own-tasks.ts';
import { createPauseHealth } from './pause-health.ts';
import { createRedriven } from './redriven.ts';
import { createSelect } from './selecting.ts';
import { createUpkeep } from './upkeep.ts';

const UPKEEP_MS = 5000;
/** How often the log hears of what is wrong, and the ends of the partitions are asked for. */
const LOOK_MS = 1000;
/** The group is not joined before the view has caught up, or this has passed. */
const CATCH_UP_MS = 5000;
/** Dead letters are indexed when the service is ready, or after this in any case. */
const INDEX_WITHIN_MS = 30_000;
/** How often is asked which dead letters retention has taken. */
const TRIM_MS = 30_000;

export type Service = {
  readonly overview: CoreSource;
  readonly letters: Letters;
  readonly commands: Commands;
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
    commands: config.COMMAND_TOPIC,
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
  // What these two cannot read the view cannot read either, and says so.
  const quiet = { logger, random: Math.random, onState: () => {}, onPartition: () => {} };
  const indexReader = createFetcher({ cluster: createCluster(kafka), ...quiet });
  const letterReader = createFetcher({ cluster: createCluster(kafka), ...quiet, maxWaitMs: 10 });
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
    idOf,
    clock,
    isOut: (partition) => health.unread().has(partition),
    onCheckpoint: (...checkpoint) => tasks.readBack(...checkpoint),
    onFailed: (tp, error) => health.failed(`${nameOf(tp)} cannot be shown: ${describe(error)}`),
  });
  const { letters, indexer, index } = createLetters({
    follower: indexReader,
    reader: letterReader,
    group: config.GROUP_ID,
    topics: topicNames,
    terms: { idOf, inspect: inspectOrder, fromJson: orderFromJson, checked: checkedOrder },
    clock,
  });
  const commands = createCommands({
    reader: watchReader(viewReader, progress.view),
    group: config.GROUP_ID,
    topic: topicNames.commands,
    clock,
    logger,
    onFailed: (tp, error) => health.failed(`${nameOf(tp)} cannot be read: ${describe(error)}`),
  });
  const choose = createChooser({ group: config.GROUP_ID, topic: topicNames.orders });
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
    startedAt,
    topics: topicNames,
    generation: () => membership.generation(),
    progress: progress.tasks,
    logger,
    onTrim,
    onProblem: (partition, words) => health.problem(`dead letters of ${partition}`, words),
    commands: { all: commands, letters: letterReader, choose },
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
  const heads = () => (view.known ? view.heads() : null);
  const book = createCommandBook({ commands, heads, now: clock.now });
  const redriven = createRedriven({
    reader: letterReader,
    topic: topicNames.checkpoints,
    heads: view.heads,
    clock,
  });
  const desk = createCommandDesk({
    group: config.GROUP_ID,
    topic: topicNames.commands,
    commands,
    book,
    select: createSelect({
      reader: letterReader,
      topic: topicNames.deadLetters,
      partitions: () => partitions,
      choose,
      redriven: redriven.of,
      clock,
    }),
    partitions: () => partitions,
    writer: ground.writer,
    clock,
    logger,
  });
  const tellRedrives = createLetterRedrives({ index, redriven, heads: view.heads, clock });
  const sayPauses = createPauseHealth({ commands, health, own: () => tasks.positions() });
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
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    view.follow(all);
    commands.follow(all);
  }

  /** All dead letters are read only when the orders flow: nobody has to wait for this. */
  function readLetters(): void {
    const late = clock.now() - startedAt > INDEX_WITHIN_MS;
    if (!late && health.status().phase !== 'ready' && indexer.reach().length === 0) return;
    indexer.follow(Array.from({ length: partitions }, (_, partition) => partition));
  }

  return {
    overview: createOverview({
      view,
      averages,
      clock,
      status: health.status,
      lag: lag.read,
      old: health.oldHeads,
      find: index.find,
    }),
    letters,
    commands: { desk, book },
    async start() {
      commands.watch(sayPauses);
      upkeep.every(LOOK_MS, 'log', () => {
        sayPauses();
        incidents.update(health.incidents());
      });
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
        upkeep.every(LOOK_MS, 'the dead letters are not indexed', async () => readLetters());
        upkeep.every(LOOK_MS, 'it is not known which dead letters were redriven', tellRedrives);
        upkeep.every(TRIM_MS, 'it is not known what retention has taken', indexer.trim);
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
      commands.close();
      indexer.close();
      await tasks.close();
      await membership.stop();
      await Promise.all([
        taskReader.close(),
        viewReader.close(),
        indexReader.close(),
        letterReader.close(),
        ends.close(),
        writer.close(),
        topics.close(),
      ]);
    },
  };
}

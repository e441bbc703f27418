// The parts of the service and who is told what: Kafka on one side, HTTP on the other, the tasks between.
// Every part is built after those that it uses or tells, so that all arrows run one way:
//
//   membership ──partitions──▶ tasks ◀──checkpoints── view
//        └─────what happens─────▶ reports ◀─────────────┘   health reads reports and tasks, HTTP health and view
//
// Commands are read before all of these: the tasks carry them out, HTTP shows and writes them.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Config } from '../config.ts';
import { describe } from '../errors.ts';
import { createMembership, type Membership } from '../kafka/membership.ts';
import { createPresence, type Presence, type PresenceRecord } from '../kafka/presence.ts';
import { systemClock as clock } from '../log/clock.ts';
import { createInstruments, type Instruments } from '../log/instruments.ts';
import type { Logger } from '../log/logger.ts';
import { nameOf } from '../log/ports.ts';
import { createProgress, type Progress } from '../log/progress.ts';
import { createGroupAverages } from '../orders/group-averages.ts';
import { createOrderHandler } from '../orders/order-handler.ts';
import { createPostHandler } from '../orders/post-order.ts';
import { shareTopicIds } from '../task/identity.ts';
import type { Tasks } from '../task/tasks.ts';
import { watchReader } from '../task/watched.ts';
import { createCommands } from '../view/commands.ts';
import { createGroupView } from '../view/group-view.ts';
import { createChooser } from '../view/letter-choice.ts';
import { type Commanding, createCommanding } from './commanding.ts';
import { type Connections, openConnections } from './connections.ts';
import { createHealth } from './health.ts';
import type { Launcher } from './hints.ts';
import { createIncidentLog } from './incidents.ts';
import type { Instance } from './instance-metrics.ts';
import { createLag } from './lag.ts';
import { indexedLetters } from './letter-metrics.ts';
import { createLifecycle, type Lifecycle } from './lifecycle.ts';
import { type OrderSchemas, openOrderSchemas, REGISTRY } from './order-schemas.ts';
import { createOverview } from './overview.ts';
import { createOwnTasks, type OwnCommands, type TaskGround } from './own-tasks.ts';
import { createPauseHealth } from './pause-health.ts';
import { createProductHistory } from './product-history.ts';
import { createReports, type Reports } from './reports.ts';
import { createSeries, readingOf } from './series.ts';
import { createStalls } from './stalls.ts';
import { createTeach } from './teach.ts';
import { createTracing } from './tracing.ts';
import { createUpkeep, type Upkeep } from './upkeep.ts';
import { createWork } from './work.ts';

const APP = 'order-stream';

/** What a service is put into. */
export type Surroundings = {
  config: Config;
  brokers: readonly string[];
  /** The broker runs in this process. */
  embedded: boolean;
  /** How this process was started, for the commands that the page gives. */
  launcher?: Launcher;
  logger: Logger;
  /** Hears that the service cannot go on. */
  onCrash: (error: Error) => void;
  /** Stands between Kafka and the tasks. */
  wrap?: (ground: TaskGround) => TaskGround;
};

export type Parts = ReturnType<typeof createParts>;

/** All parts of one instance; nothing is connected or running yet. */
export function createParts(surroundings: Surroundings) {
  const { config, brokers, embedded, launcher = 'node', logger, onCrash } = surroundings;
  const startedAt = clock.now();
  const lifecycle = createLifecycle(clock);
  const reports = createReports(clock);
  const progress = { tasks: createProgress(clock), view: createProgress(clock) };
  const instruments = createInstruments();
  const stalls = createStalls({ progress, reports, checkpointTopic: config.CHECKPOINT_TOPIC });
  const upkeep = createUpkeep({ clock, random: Math.random, reports, onCrash });
  const connections = openConnections({
    ...{ config, brokers, logger, reports, progress, instruments },
    clientId: APP,
  });
  const presence = createPresence();
  const schemas = openOrderSchemas({
    config,
    clock,
    onTrouble: (words) => reports.problem(REGISTRY, words),
  });
  const viewReader = watchReader(connections.viewReader, progress.view);
  const allCommands = createCommands({
    reader: viewReader,
    group: config.GROUP_ID,
    topic: config.COMMAND_TOPIC,
    clock,
    logger,
    onFailed: (tp, error) => reports.failed(`${nameOf(tp)} cannot be read: ${describe(error)}`),
  });
  const choose = createChooser({ group: config.GROUP_ID, topic: config.ORDERS_TOPIC });
  const { ground, teach } = groundOf(surroundings, connections);
  const tasks = tasksOf(surroundings, {
    ...{ ground, schemas, reports, upkeep, progress, startedAt, instruments },
    generation: presence.generation,
    commands: { all: allCommands, letters: connections.letterReader, choose },
  });
  const averages = createGroupAverages(clock);
  const view = createGroupView({
    ...logsOf(config),
    reader: viewReader,
    state: averages,
    idOf: schemas.idOf,
    idReady: schemas.idReady,
    clock,
    logger,
    isOut: (partition) => stalls.unread().has(partition),
    onCheckpoint: tasks.readBack,
    onFailed: (tp, error) => reports.failed(`${nameOf(tp)} cannot be shown: ${describe(error)}`),
  });
  const commanding = createCommanding({
    ...{ config, connections, schemas, choose, view, logger },
    all: allCommands,
    writer: ground.writer,
  });
  const sayPauses = createPauseHealth({ commands: allCommands, reports, own: tasks.positions });
  const membership = membershipOf(surroundings, {
    ...{ connections, presence, tasks, instruments, reports, lifecycle },
  });
  const lag = createLag({
    readEnds: (partitions) => connections.ends.read(config.ORDERS_TOPIC, partitions),
    heads: view.heads,
    isKnown: view.isCaughtUp,
    old: stalls.oldHeads,
    clock,
  });
  const health = createHealth({
    ...{ config, brokers, embedded, launcher, startedAt, clock, lifecycle, reports, stalls },
    tasks: tasks.status,
    heartbeatAge: presence.heartbeatAge,
    taskNotes: progress.tasks.notes,
  });
  const overview = createOverview({
    ...{ view, averages, clock },
    status: health.status,
    lag: lag.read,
    work: createWork(tasks, clock),
    old: stalls.oldHeads,
    find: commanding.index.find,
  });
  const series = createSeries();
  const sampleSeries = () =>
    series.sample(clock.now(), readingOf(view, lag.read(), stalls.oldHeads()));
  const history = createProductHistory();
  const sampleProducts = async () => {
    // What nobody looks at is not merged, and would seem to stand still.
    await view.merge();
    const known = view.known && stalls.oldHeads().size === 0;
    const counts = averages.top.map(({ product, count }) => [product, count] as const);
    history.sample(clock.now(), known ? new Map(counts) : null);
  };
  const instance = instanceOf({ tasks, instruments, presence, commanding });
  const incidents = createIncidentLog({ logger, clock });
  return {
    ...{ lifecycle, reports, upkeep, schemas, connections, presence, tasks, view, membership },
    ...{ lag, health, overview, series, sampleSeries, incidents, instance },
    ...{ history, sampleProducts },
    ...{ allCommands, commanding, sayPauses, teach },
  };
}

/** The tasks of this instance, and what becomes of what they tell. */
function tasksOf(
  { config, logger }: Surroundings,
  known: {
    ground: TaskGround;
    schemas: OrderSchemas;
    reports: Reports;
    upkeep: Upkeep;
    progress: { readonly tasks: Progress };
    startedAt: number;
    instruments: Instruments;
    generation: () => number | null;
    commands: OwnCommands;
  },
): Tasks {
  const { ground, schemas, reports, upkeep, progress, startedAt, generation, commands } = known;
  return createOwnTasks({
    config,
    ground,
    author: {
      group: config.GROUP_ID,
      app: APP,
      instance: `${hostname()}-${randomUUID().slice(0, 8)}`,
    },
    decoder: schemas,
    startedAt,
    generation,
    commands,
    progress: progress.tasks,
    instruments: known.instruments,
    tracing: createTracing(config.GROUP_ID),
    logger,
    onTrim(partition, error) {
      const name = nameOf({ topic: config.CHECKPOINT_TOPIC, partition });
      upkeep.report(`${name} grows, nothing is deleted`, error);
    },
    onProblem: (partition, words) => reports.problem(`dead letters of ${partition}`, words),
  });
}

/** Membership in the group, which gives the tasks their partitions. */
function membershipOf(
  { config, logger, onCrash }: Surroundings,
  parts: {
    connections: Connections;
    presence: PresenceRecord;
    tasks: Tasks;
    instruments: Instruments;
    reports: Reports;
    lifecycle: Lifecycle;
  },
): Membership {
  const { connections, presence, tasks, instruments, reports, lifecycle } = parts;
  return createMembership({
    kafka: connections.kafka,
    groupId: config.GROUP_ID,
    topic: config.ORDERS_TOPIC,
    presence,
    logger,
    onAssigned: tasks.assign,
    onRebalanced: (ms) => instruments.rebalance.observe(ms / 1000),
    onState(state) {
      reports.member(state);
      if (state.member && lifecycle.phase === 'JOINING') lifecycle.to('RUNNING');
    },
    onCrash,
  });
}

/** What metrics say of this instance alone. */
function instanceOf(parts: {
  tasks: Tasks;
  instruments: Instruments;
  presence: Presence;
  commanding: Commanding;
}): Instance {
  const { tasks, instruments, presence, commanding } = parts;
  return {
    instruments,
    callsInFlight: () => tasks.status().waiting.reduce((sum, { inFlight }) => sum + inFlight, 0),
    waitingSince: tasks.waitingSince,
    heartbeatAge: presence.heartbeatAge,
    letters: indexedLetters(commanding.index, commanding.letters.list),
  };
}

/** The logs that the view of the group shows, and how much of them. */
function logsOf(config: Config) {
  return {
    group: config.GROUP_ID,
    checkpointTopic: config.CHECKPOINT_TOPIC,
    deadLetterTopic: config.DLQ_TOPIC,
    deadLetterBufferSize: config.DLQ_BUFFER_SIZE,
  };
}

/** What the tasks stand on, and the lessons that may disturb it: on the embedded broker alone. */
function groundOf(
  { config, embedded, wrap = (ground) => ground }: Surroundings,
  { taskReader, writer, topics }: Connections,
): { ground: TaskGround; teach: ReturnType<typeof createTeach> | null } {
  const handle =
    config.HANDLER_URL === null
      ? createOrderHandler(config.FAILURE_RATE, Math.random)
      : createPostHandler(config.HANDLER_URL);
  const ground = {
    reader: shareTopicIds(taskReader, clock),
    writer: topics.guard(writer),
    handle,
    clock,
    trim: topics.trimCheckpoints,
  };
  if (!embedded) return { ground: wrap(ground), teach: null };
  const teach = createTeach({
    ...{ clock, random: Math.random, writer: ground.writer, topic: config.ORDERS_TOPIC },
    partitions: () => topics.partitions,
  });
  const taught = {
    ...ground,
    handle: teach.failing(handle),
    reader: teach.stopping(ground.reader),
  };
  return { ground: wrap(taught), teach };
}

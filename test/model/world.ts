// A topic with one partition, the processes that work on it, and the oracle that watches the logs.

import { InconsistentStateError } from '../../server/errors.ts';
import { createGroupAverages, type GroupAverages } from '../../server/orders/group-averages.ts';
import { DamagedBatch } from '../../server/record-batch/batch-header.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import type { PartitionTask } from '../../server/task/partition-task.ts';
import { createTasks, type Tasks } from '../../server/task/tasks.ts';
import { type CommandsReader, createCommands } from '../../server/view/commands.ts';
import { createGroupView, type GroupViewReader } from '../../server/view/group-view.ts';
import type { OrderCheckpoint } from '../fixtures/orders.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { type CommandLog, createCommandLog } from './commands.ts';
import { Mistake } from './handler.ts';
import { createLogs, type Landing, type Logs } from './logs.ts';
import { createOracle, demand, type Oracle } from './oracle.ts';
import { createScheduler, type Host, type Scheduler } from './scheduler.ts';
import { skipBatch } from './skip.ts';
import { createTask, type Fault, names, type Position, type Run, type Setup } from './task.ts';

/** Whoever looks at the group. */
export type Watcher = {
  readonly host: Host;
  readonly view: GroupViewReader;
  readonly averages: GroupAverages;
};

/** A process of the service. */
export type Instance = Watcher & {
  /** Generation of the group, as far as the process has heard. */
  generation: number;
  readonly tasks: Tasks;
  readonly commands: CommandsReader;
  /** Its newest task. */
  run: Run;
  /** It was told to stop. */
  stopped: boolean;
};

export type World = {
  readonly scheduler: Scheduler;
  readonly logs: Logs;
  readonly oracle: Oracle;
  /** Processes that have not crashed. */
  instances(): Instance[];
  /** Generation of the group. */
  generation: number;
  /** From now on no handler makes mistakes. */
  calm: boolean;
  /** Something is in the topics that a task may have to stop at. */
  spoilt: boolean;
  /** The checkpoint that has stated the greatest position. */
  readonly head: Head;
  /** What was asked for, in its order. */
  readonly commands: CommandLog;
  start(): Instance;
  /** Somebody who does nothing but look, and never crashes. */
  watch(): Watcher;
  /** A process joins the group again, and is given the partition. */
  join(instance: Instance): void;
  /** A process stops in good order. */
  stop(instance: Instance): void;
  crash(instance: Instance): void;
  /** Somebody skips the damaged batch at the head, if one stands there. */
  skip(): void;
  /** Throws what was found wrong so far. */
  verify(): void;
};

type Head = Pick<
  OrderCheckpoint,
  'nextOffset' | 'deadLetterOffset' | 'pending' | 'averages' | 'gapRanges' | 'base'
> & { readonly offset: number };

const NOTHING: Head = {
  nextOffset: 0,
  deadLetterOffset: 0,
  pending: [],
  averages: new Map(),
  gapRanges: [],
  base: -1,
  offset: -1,
};

export function createWorld(setup: Setup, fault: Fault = {}): World {
  const scheduler = createScheduler();
  const oracle = createOracle(names.group, names.orders.topic);
  const logs = createLogs(scheduler, landed);
  const wrongs: unknown[] = [];
  /** Where the head stood when the sender of a checkpoint began. */
  const senders = new WeakMap<RecordContent, Position>();
  const starts = new Set<number>();
  const seen = new Map<Watcher, Position>();
  const watchers: Watcher[] = [];
  const commands = createCommandLog(logs, names);
  let instances: Instance[] = [];
  let count = 0;

  function landed({ topic, offset, record, damaged }: Landing): void {
    try {
      if (damaged) oracle.damagedOrder(offset);
      else if (topic === names.orders.topic) oracle.order(offset, record);
      else if (topic === names.deadLetters.topic) oracle.deadLetter(offset, record);
      else if (topic === names.commands.topic) commands.landed(record);
      else checkpointLanded(record, offset);
    } catch (error) {
      wrongs.push(error);
    }
  }

  function checkpointLanded(record: RecordContent, offset: number): void {
    const checkpoint = oracle.checkpoint(record.value!, offset, logs.boundsOf);
    const floor = senders.get(record)!;
    demand(
      !isBehind(checkpoint, floor),
      `a task that began when the head stood at ${at(floor)} states ${at(checkpoint)}`,
    );
    demand(
      floor === NOTHING || starts.has(checkpoint.start),
      `a task began anew at ${checkpoint.start} though there was a head`,
    );
    starts.add(checkpoint.start);
    const behind = isBehind(checkpoint, world.head);
    const same = !behind && !isBehind(world.head, checkpoint);
    if (behind || (same && checkpoint.pending.length > world.head.pending.length)) return;
    const needed = world.head.base < 0 ? world.head.offset : world.head.base;
    if (checkpoint.base >= 0 && checkpoint.base < needed) return;
    world.head = { ...checkpoint, offset };
  }

  function open(
    instance: Pick<Instance, 'host' | 'generation' | 'commands'>,
    failed: (error: unknown) => void,
  ): Run {
    return createTask({
      setup,
      fault,
      host: instance.host,
      scheduler,
      logs,
      floor: world.head,
      commands: instance.commands,
      generation: () => instance.generation,
      mayErr: () => !world.calm,
      onSend: (record, { floor }) => senders.set(record, floor),
      onRedrive(record, { redrivesFrom }) {
        const { low } = logs.boundsOf(names.orders.topic);
        try {
          oracle.redriving(record, redrivesFrom, commands.redrives, low);
        } catch (error) {
          wrongs.push(error);
        }
      },
      onFailed(error) {
        failed(error);
        const expected = world.spoilt && error instanceof InconsistentStateError;
        const stops = error instanceof Mistake || error instanceof DamagedBatch;
        if (!expected && !stops) wrongs.push(error);
      },
    });
  }

  /** The tasks of a process, which has one partition. */
  function tasksOf(
    instance: Pick<Instance, 'host' | 'generation' | 'commands'> & Partial<Instance>,
  ): Tasks {
    const clock = { ...scheduler.clockOf(instance.host), after: () => () => {} };
    const create = (_partition: number, failed: (error: unknown) => void) => {
      instance.run = open(instance, failed);
      return instance.run.task;
    };
    const tasks = createTasks({
      onTrim: () => {},
      createTask: create,
      clock,
      logger: silentLogger,
    });
    return fault.tasks?.(tasks, () => create(0, () => {}).start()) ?? tasks;
  }

  function look(watcher: Watcher): void {
    const head = watcher.view.heads().get(0);
    if (head === undefined) return;
    const before = seen.get(watcher) ?? NOTHING;
    demand(!isBehind(head, before), `a view moved back from ${at(before)} to ${at(head)}`);
    seen.set(watcher, head);
  }

  function see(onCheckpoint: PartitionTask['readBack']): Watcher {
    count += 1;
    const host: Host = { name: `i${count}`, state: 'running', skew: 0 };
    const averages = createGroupAverages(scheduler.clockOf(host));
    const view = createGroupView({
      state: averages,
      idOf: () => null,
      reader: logs.portsOf(host).reader,
      group: names.group,
      checkpointTopic: names.checkpoints.topic,
      deadLetterTopic: names.deadLetters.topic,
      deadLetterBufferSize: 100,
      clock: scheduler.clockOf(host),
      logger: silentLogger,
      onCheckpoint: (_partition, ...checkpoint) => onCheckpoint(...checkpoint),
      onFailed: (_tp, error) => wrongs.push(error),
    });
    view.follow([0]);
    return { host, view, averages };
  }

  function commandsOf(host: Host): CommandsReader {
    const reader = createCommands({
      reader: logs.portsOf(host).reader,
      group: names.group,
      topic: names.commands.topic,
      clock: scheduler.clockOf(host),
      logger: silentLogger,
      onFailed: (_tp, error) => wrongs.push(error),
    });
    reader.follow([0]);
    return reader;
  }

  const world = {
    scheduler,
    logs,
    oracle,
    instances: () => instances,
    generation: 0,
    calm: false,
    spoilt: false,
    head: NOTHING,
    commands,
    start() {
      world.generation += 1;
      const watcher = see((...checkpoint) => instance.tasks.readBack(0, ...checkpoint));
      const commands = commandsOf(watcher.host);
      const process = { ...watcher, generation: world.generation, stopped: false, commands };
      const tasks = tasksOf(process);
      tasks.assign([0]);
      const instance = Object.assign(process, { tasks }) as Instance;
      instances.push(instance);
      return instance;
    },
    watch() {
      const watcher = see(() => {});
      watchers.push(watcher);
      return watcher;
    },
    join(instance: Instance) {
      world.generation += 1;
      instance.generation = world.generation;
      instance.tasks.assign([0]);
    },
    stop(instance: Instance) {
      instance.stopped = true;
      instance.view.close();
      void instance.tasks.close();
    },
    crash(instance: Instance) {
      instance.host.state = 'crashed';
      instances = instances.filter((other) => other !== instance);
    },
    skip() {
      count += 1;
      const operator: Host = { name: `operator ${count}`, state: 'running', skew: 0 };
      skipBatch({
        host: operator,
        logs,
        scheduler,
        head: world.head,
        onSend: (record, floor) => senders.set(record, floor),
      }).catch((error: unknown) => wrongs.push(error));
    },
    verify() {
      for (const wrong of wrongs) throw wrong;
      for (const watcher of [...watchers, ...instances]) look(watcher);
    },
  };
  return world;
}

function isBehind(a: Position, b: Position): boolean {
  return a.nextOffset < b.nextOffset || a.deadLetterOffset < b.deadLetterOffset;
}

function at({ nextOffset, deadLetterOffset }: Position): string {
  return `(${nextOffset}, ${deadLetterOffset})`;
}

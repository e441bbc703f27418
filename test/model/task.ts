// A task of the model: the real one, on logs in memory, with everything noted that its checkpoints
// are held against.

import { createProgress } from '../../server/log/progress.ts';
import { createOrderFold } from '../../server/orders/order-fold.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import { commandsFor } from '../../server/service/partition-commands.ts';
import type { BreakerLimits } from '../../server/task/breaker.ts';
import { createLedger } from '../../server/task/ledger.ts';
import type { Ordering } from '../../server/task/ordering.ts';
import { createPartitionTask, type PartitionTask } from '../../server/task/partition-task.ts';
import type { BaseAfter } from '../../server/task/task-deps.ts';
import type { Tasks } from '../../server/task/tasks.ts';
import type { CommandsReader } from '../../server/view/commands.ts';
import { createChooser } from '../../server/view/letter-choice.ts';
import {
  inGroups,
  type OrderLedgerState,
  type OrderTaskDeps as TaskDeps,
} from '../fixtures/orders.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { createHandler } from './handler.ts';
import type { Logs } from './logs.ts';
import { Contradiction } from './oracle.ts';
import type { Host, Scheduler } from './scheduler.ts';
import { askFirst } from './schemas.ts';

/** The logs of the partition. */
export const names = {
  group: 'g',
  orders: { topic: 'orders', partition: 0 },
  deadLetters: { topic: 'orders-dlq', partition: 0 },
  checkpoints: { topic: 'g-checkpoints', partition: 0 },
  commands: { topic: 'g-commands', partition: 0 },
};

/** Settings that differ from run to run. */
export type Setup = {
  readonly maxRetries: number;
  readonly maxPending: number;
  readonly maxPendingBytes: number;
  readonly concurrency: number;
  readonly ordering: Ordering;
  readonly baseAfter: BaseAfter;
  readonly breaker: BreakerLimits;
};

/** Puts a fault into what a task is built from, or into the tasks of a process. */
export type Fault = {
  readonly task?: (deps: TaskDeps) => TaskDeps;
  readonly tasks?: (tasks: Tasks, start: () => void) => Tasks;
};

export type Position = { readonly nextOffset: number; readonly deadLetterOffset: number };

/** One task of a process, from its start to its end. */
export type Run = {
  readonly task: PartitionTask;
  /** The head when it began: it goes on from there or from further on. */
  readonly floor: Position;
  ledger: OrderLedgerState | null;
  /** Dead letters that it will send again until they are acknowledged. */
  readonly unacknowledged: Set<RecordContent>;
  /** The end of the orders when it began to redrive; -1 before. */
  redrivesFrom: number;
};

const choose = createChooser({ group: names.group, topic: names.orders.topic });

/** A task for `host`, to be started; `onSend` hears of every checkpoint and dead letter that it sends. */
export function createTask(options: {
  setup: Setup;
  fault: Fault;
  host: Host;
  scheduler: Scheduler;
  logs: Logs;
  floor: Position;
  generation: () => number;
  mayErr: () => boolean;
  commands: CommandsReader;
  onSend: (record: RecordContent, run: Run) => void;
  onRedrive: (record: RecordContent, run: Run) => void;
  onFailed: (error: unknown) => void;
}): Run {
  const { setup, fault, host, scheduler, logs, floor, generation, mayErr, onSend, onFailed } =
    options;
  const { reader, writer } = logs.portsOf(host);
  const unacknowledged = new Set<RecordContent>();
  const handle = createHandler(host, scheduler, mayErr);
  const deps: TaskDeps = {
    logs: names,
    author: { group: names.group, app: 'model', instance: host.name },
    startedAt: scheduler.clockOf(host).now(),
    generation,
    reader: {
      ...reader,
      follow: (tp, from, follower) =>
        reader.follow(tp, from, {
          ...follower,
          records(set) {
            if (run.task.state === 'CLOSED') onFailed(new Contradiction('a closed task reads on'));
            return follower.records(set);
          },
        }),
    },
    writer: {
      async append(tp, records) {
        if (tp === names.deadLetters) expectOpen('gives up');
        if (tp === names.orders) expectOpen('redrives');
        for (const record of records) {
          if (tp === names.orders) options.onRedrive(record, run);
          else onSend(record, run);
          if (tp === names.deadLetters) unacknowledged.add(record);
        }
        const offset = await writer.append(tp, records);
        for (const record of records) unacknowledged.delete(record);
        return offset;
      },
    },
    trim: async (below) => logs.deleteBelow(names.checkpoints.topic, below),
    handle(order, place, signal) {
      expectOpen('handles');
      return handle(order, place, signal);
    },
    policy: { maxRetries: setup.maxRetries, backoffMs: 20, maxBackoffMs: 60 },
    fold: askFirst(createOrderFold({ maxProducts: 4, maxBytes: 1000 }), host, scheduler),
    ordering: setup.ordering,
    limits: { ...setup, timeoutMs: 500 },
    checkpointIntervalMs: 10,
    checkpointShare: () => 1,
    baseAfter: setup.baseAfter,
    clock: scheduler.clockOf(host),
    random: () => scheduler.pick(16) / 16,
    logger: silentLogger,
    progress: createProgress(scheduler.clockOf(host)),
    commands: {
      log: commandsFor(options.commands, names.commands.topic, 0),
      breaker: setup.breaker,
      letters: {
        ...reader,
        async bounds(tp) {
          const bounds = await reader.bounds(tp);
          if (tp === names.orders && run.redrivesFrom < 0) run.redrivesFrom = bounds.high;
          return bounds;
        },
      },
      choose: (command) => choose(command, 0),
    },
    createLedger(state, fold, group) {
      run.ledger = state;
      return createLedger(state, fold, group);
    },
    onProblem: () => {},
    onFailed,
  };

  function expectOpen(doing: string): void {
    if (run.task.state !== 'RUNNING')
      onFailed(new Contradiction(`a closed task ${doing} an order`));
  }

  const task = createPartitionTask(inGroups(fault.task?.(deps) ?? deps));
  const run: Run = { task, floor, ledger: null, unacknowledged, redrivesFrom: -1 };
  return run;
}

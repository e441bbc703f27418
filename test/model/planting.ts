// How a fault is planted: what a task is built from is replaced.
import type { TaskCommands } from '../../server/task/commanded.ts';
import type {
  OrderLedger,
  OrderLedgerState as State,
  OrderTaskDeps as TaskDeps,
} from '../fixtures/orders.ts';
import type { Fault } from './task.ts';

type Changed = Partial<OrderLedger>;

/** Replaces transitions of the ledger. */
export function inLedger(
  change: (ledger: OrderLedger, state: State, deps: TaskDeps) => Changed,
): Required<Pick<Fault, 'task'>> {
  return inTask((deps) => ({
    ...deps,
    createLedger(state, fold, group) {
      const ledger = deps.createLedger!(state, fold, group);
      return { ...ledger, ...change(ledger, state, deps) };
    },
  }));
}

/** Replaces what a task is built from. */
export function inTask(task: (deps: TaskDeps) => TaskDeps): Required<Pick<Fault, 'task'>> {
  return { task };
}

/** Replaces what a task hears of commands, and carries them out with. */
export function inCommands(
  change: (commands: TaskCommands) => TaskCommands,
): Required<Pick<Fault, 'task'>> {
  return inTask((deps) => ({ ...deps, commands: change(deps.commands!) }));
}

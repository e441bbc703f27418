// What commands come to in a task: when it is paused, and what it redrives. Without commands neither.
import type { RedriveCommand } from '../log/command.ts';
import type { LogReader } from '../log/ports.ts';
import { type BreakerLimits, createBreaker } from './breaker.ts';
import type { Choose } from './carry-out.ts';
import { createCommandWriter, type WriteCommand } from './command-writer.ts';
import type { Books } from './ledger-state.ts';
import type { PartitionCommands } from './partition-commands.ts';
import { createPause, NEVER_PAUSED, type Pause } from './pause.ts';
import { redriveBooks } from './redrive-books.ts';
import { createRedriver, type Redriver } from './redriver.ts';
import type { TaskDeps } from './task-deps.ts';

/** The commands of the partition, and what they need to be carried out. */
export type TaskCommands = {
  readonly log: PartitionCommands;
  readonly breaker: BreakerLimits;
  /** Reads nothing but letters for redrives: while one of them waits, nobody else has to. */
  readonly letters: LogReader;
  readonly choose: (command: RedriveCommand) => Choose;
};

type Deps = Pick<TaskDeps<never, never>, 'logs' | 'owner' | 'ports' | 'runtime' | 'outlets'> & {
  readonly commands?: TaskCommands;
};

/** The breaker and the pauses of a partition; without commands nobody ever pauses it. */
export function createPauseOf(deps: Deps, onChange: () => void): Pause {
  const { commands, runtime, outlets } = deps;
  if (commands === undefined) return NEVER_PAUSED;
  return createPause({
    commands: commands.log,
    breaker: createBreaker(commands.breaker),
    write: writerOf(deps, commands.log),
    monotonic: runtime.clock.monotonic,
    logger: runtime.logger,
    onChange,
    onFailed: outlets.onFailed,
  });
}

/** What carries out redrives; without commands there are none. */
export function createRedriverOf(
  deps: Deps,
  books: Books<unknown>,
  pause: Pause,
  checkLetters: () => Promise<void>,
): Redriver {
  const { commands, logs, owner, ports, runtime, outlets } = deps;
  if (commands === undefined) return { look() {}, close() {} };
  const { log, letters, choose } = commands;
  return createRedriver({
    ...runtime,
    ...{ logs, commands: log, letters, choose, checkLetters },
    author: owner.author,
    writer: ports.writer,
    books: redriveBooks(books),
    isPaused: () => pause.isOn,
    write: writerOf(deps, log),
    onFailed: outlets.onFailed,
  });
}

function writerOf({ owner, ports, runtime }: Deps, { tp }: PartitionCommands): WriteCommand {
  return createCommandWriter({ tp, author: owner.author, writer: ports.writer, runtime });
}

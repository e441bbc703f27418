// What commands come to in a task: when it is paused, and what it redrives. Without commands neither.
import type { Clock } from '../log/clock.ts';
import type { RedriveCommand } from '../log/command.ts';
import type { Author } from '../log/dead-letter.ts';
import type { TaskLogs } from '../log/head.ts';
import type { Logger } from '../log/logger.ts';
import type { LogReader, LogWriter } from '../log/ports.ts';
import type { Progress } from '../log/progress.ts';
import { type BreakerLimits, createBreaker } from './breaker.ts';
import { createCommandWriter } from './command-writer.ts';
import type { LedgerState } from './ledger.ts';
import type { PartitionCommands } from './partition-commands.ts';
import { createPause, NEVER_PAUSED, type Pause } from './pause.ts';
import { type Choose, createRedriver, type Redriver, redriveBooks } from './redriver.ts';

/** The commands of the partition, and what they need to be carried out. */
export type TaskCommands = {
  readonly log: PartitionCommands;
  readonly breaker: BreakerLimits;
  /** Reads nothing but letters for redrives: while one of them waits, nobody else has to. */
  readonly letters: LogReader;
  readonly choose: (command: RedriveCommand) => Choose;
};

type Deps = {
  logs: TaskLogs;
  author: Author;
  writer: LogWriter;
  clock: Clock;
  random: () => number;
  logger: Logger;
  progress: Progress;
  commands?: TaskCommands;
  onFailed: (error: unknown) => void;
};

/** The breaker and the pauses of a partition; without commands nobody ever pauses it. */
export function createPauseOf(deps: Deps, onChange: () => void): Pause {
  const { commands, clock, logger, onFailed } = deps;
  if (commands === undefined) return NEVER_PAUSED;
  return createPause({
    commands: commands.log,
    breaker: createBreaker(commands.breaker),
    write: createCommandWriter({ ...deps, tp: commands.log.tp }),
    monotonic: clock.monotonic,
    logger,
    onChange,
    onFailed,
  });
}

/** What carries out redrives; without commands there are none. */
export function createRedriverOf<State>(
  deps: Deps,
  ledger: Readonly<LedgerState<State>>,
  pause: Pause,
  checkLetters: () => Promise<void>,
): Redriver {
  const { commands } = deps;
  if (commands === undefined) return { look() {}, close() {} };
  const { log, letters, choose } = commands;
  return createRedriver({
    ...deps,
    ...{ commands: log, letters, choose, checkLetters },
    books: redriveBooks(ledger),
    isPaused: () => pause.isOn,
    write: createCommandWriter({ ...deps, tp: log.tp }),
  });
}

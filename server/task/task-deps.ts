// What the task of a partition is given, in groups: each of its parts asks for the groups it needs.
import type { Clock } from '../log/clock.ts';
import type { Author } from '../log/dead-letter.ts';
import type { Fold } from '../log/fold.ts';
import type { TaskLogs } from '../log/head.ts';
import type { Instruments } from '../log/instruments.ts';
import type { Logger } from '../log/logger.ts';
import type { LogReader, LogWriter } from '../log/ports.ts';
import type { ProgressWriter } from '../log/progress.ts';
import type { Tracing } from '../log/tracing.ts';
import type { Handle } from './calls.ts';
import type { TaskCommands } from './commanded.ts';
import type { CreateLedger } from './ledger.ts';
import type { Ordering } from './ordering.ts';
import type { Limits } from './processor.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** In whose name checkpoints and dead letters are written. */
export type Owner = {
  readonly author: Author;
  /** When this process began, ms since 1970. */
  readonly startedAt: number;
  /** Of the consumer group; null while it is not known. */
  readonly generation: () => number | null;
};

/** What the business makes of the values. */
export type Business<Value, State> = {
  readonly fold: Fold<Value, State>;
  readonly handle: Handle<Value>;
};

/** What the configuration says. */
export type Rules = {
  readonly policy: RetryPolicy;
  readonly ordering: Ordering;
  readonly limits: Limits;
  readonly checkpointIntervalMs: number;
  /** How much of the time taking checkpoints may cost this task, from 0 to 1. */
  readonly checkpointShare: () => number;
  /** When a checkpoint is written on which the next ones lean; a test may want it sooner. */
  readonly baseAfter?: BaseAfter;
};

/** So many redriven orders, or dead letters, since the last one. */
export type BaseAfter = { readonly redriven: number; readonly deadLetters: number };

/** The ways to Kafka. */
export type TaskPorts = {
  readonly reader: LogReader;
  readonly writer: LogWriter;
  /** Deletes the checkpoints of this partition below an offset. */
  readonly trim: (below: number) => Promise<void>;
};

/** Time, chance, and who hears what is going on and how long it takes. */
export type Runtime = {
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly progress: ProgressWriter;
  readonly instruments: Instruments;
  /** Absent when nobody listens. */
  readonly tracing?: Tracing | undefined;
};

/** Who hears that something is wrong. */
export type Outlets = {
  /** What keeps some orders waiting, in words; null when it has gone. */
  readonly onProblem: (words: string | null) => void;
  /** The task has stopped by itself and says why. */
  readonly onFailed: (error: unknown) => void;
};

export type TaskDeps<Value, State> = {
  readonly logs: TaskLogs;
  readonly owner: Owner;
  readonly business: Business<Value, State>;
  readonly rules: Rules;
  readonly ports: TaskPorts;
  readonly runtime: Runtime;
  readonly outlets: Outlets;
  /** Without, nobody pauses the partition or redrives its dead letters. */
  readonly commands?: TaskCommands;
  /** A test may put its own ledger in. */
  readonly createLedger?: CreateLedger<Value, State>;
};

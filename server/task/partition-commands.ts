// What a task hears of the commands for its partition: a port, implemented where the topic is followed.
import type { RedriveCommand } from '../log/command.ts';
import type { TopicPartition } from '../log/ports.ts';

/** The partition takes no orders and gives none up. */
export type PauseState = {
  readonly at: number;
  readonly by: string;
  readonly why: string;
  readonly breaker: boolean;
};

/** A redrive of which it is not written yet how it has ended in this partition. */
export type OpenRedrive = {
  readonly id: string;
  readonly by: string;
  readonly command: RedriveCommand;
  /** Why nothing more of it is sent: somebody has cancelled it, or it was stopped in another partition. */
  readonly ended: 'cancelled' | 'stopped' | null;
};

/** What the log of the commands says as far as it was read. */
export type CommandState = {
  /** The next offset to be read. */
  readonly next: number;
  readonly pause: PauseState | null;
  readonly redrives: readonly OpenRedrive[];
};

export type PartitionCommands = {
  /** Where they stand, and where the task writes its own. */
  readonly tp: TopicPartition;
  /** Resolves when all that stood there at the start was read; rejects when that cannot be. */
  caughtUp(): Promise<void>;
  state(): CommandState;
  /** Calls `changed` when something was read; the result ends that. */
  watch(changed: () => void): () => void;
};

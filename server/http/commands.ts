// What HTTP needs to act on dead letters: two ports, implemented where the service is wired. What was
// asked for stands in the command topic, so every instance answers the same.
import type { Canary, LetterFilter, LetterPlace } from '../log/selection.ts';

export type LetterSelection =
  | { readonly places: readonly LetterPlace[] }
  | { readonly filter: LetterFilter };

export type RedriveRequest = {
  readonly selection: LetterSelection;
  /** Records a second over all partitions; null: as fast as it goes. */
  readonly rate: number | null;
  /** Nothing is sent before, ms since 1970; 0: at once. */
  readonly notBefore: number;
  readonly canary: Canary | null;
  /** A letter that was redriven so often is left out, unless it is named by its place. */
  readonly maxRedrives: number;
  /** Takes the place of the value; only with one place. */
  readonly value: Buffer | null;
  readonly why: string;
};

/** Who asks, as he says himself, and from which address. */
export type Caller = { readonly by: string; readonly from: string };

/** How many letters of one partition, or of all, a selection comes to; each is in one of the numbers. */
export type SelectionCounts = {
  /** Would be sent. */
  readonly selected: number;
  readonly alreadyRedriven: number;
  readonly parked: number;
  /** Cannot be sent: not of this group, cut when they were written, or a second copy of another. */
  readonly leftOut: number;
};

export type SelectionPreview = SelectionCounts & {
  /** The first that are selected. */
  readonly sample: readonly LetterPlace[];
  readonly byPartition: readonly (SelectionCounts & { readonly partition: number })[];
};

/**
 * `waiting`: nothing is sent yet. `sent`: all is sent, and of some it is not known yet what became of
 * them. `stopped`: by its canary, or because it cannot be carried out.
 */
export type RedriveState = 'waiting' | 'sending' | 'sent' | 'done' | 'cancelled' | 'stopped';

/** `sent = waiting + processed + failedAgain`; letters that another command sent are in none of them. */
export type RedriveReport = {
  readonly id: string;
  readonly at: number;
  readonly by: string;
  readonly from: string;
  readonly why: string;
  readonly state: RedriveState;
  /** What it waits for, or why it ended as it did. */
  readonly reason: string | null;
  readonly request: Omit<RedriveRequest, 'value' | 'why'> & { readonly edited: boolean };
  /** When it was asked for. */
  readonly selected: number;
  /** Orders again, as far as the service has read. */
  readonly sent: number;
  /** Of those: for a retry, or for their dead letter. */
  readonly waiting: number;
  readonly processed: number;
  readonly failedAgain: number;
};

export type PausedPartition = {
  readonly partition: number;
  readonly at: number;
  readonly by: string;
  readonly why: string;
  /** It was stopped by the breaker, not by a person. */
  readonly breaker: boolean;
};

/** Only what is to be changed among the given partitions; null: all. */
export type PauseRequest = { readonly partitions: readonly number[] | null; readonly why: string };

/**
 * Writes commands; every method rejects with an AppError whose message is for the caller. Codes:
 * UNKNOWN_LETTER (a place that holds no dead letter, or none any more), NOTHING_SELECTED,
 * UNKNOWN_COMMAND, ALREADY_ENDED, UNKNOWN_PARTITION, BAD_COMMAND (a value out of its bounds), NOT_KNOWN_YET
 * (the topics have not been read), NOT_READ (the letters could not be, in time) and NOT_WRITTEN (Kafka did not take it; words say what it took).
 */
export type CommandDesk = {
  /** What a redrive would come to; writes nothing. */
  preview(request: RedriveRequest): Promise<SelectionPreview>;
  redrive(request: RedriveRequest, who: Caller): Promise<SelectionPreview & { id: string }>;
  /** What was sent before stays sent: the report tells. */
  cancel(id: string, why: string, who: Caller): Promise<RedriveReport>;
  /** The partitions that were not so before. */
  setPaused(paused: boolean, request: PauseRequest, who: Caller): Promise<number[]>;
};

/** What was commanded and what became of it. */
export type CommandBook = {
  /** Newest first; null while the topics have not been read. */
  redrives(): readonly RedriveReport[] | null;
  redrive(id: string): RedriveReport | null;
  paused(): readonly PausedPartition[];
  /** Calls `changed` when a command was read; the result ends that. Progress changes with the checkpoints. */
  watch(changed: () => void): () => void;
};

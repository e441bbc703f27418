// What people, and the breaker, ask of a partition: one record of the command topic each. Partition p of
// it is about partition p of orders and of the dead letters.

/** See server/http/commands.ts for the meaning of its members. */
export type LetterFilter = {
  readonly code?: string;
  readonly group?: string;
  readonly from?: number;
  readonly to?: number;
  readonly q?: string;
};

/** Frozen when the command is written; `below`: the end of the dead letters at that moment. */
export type Selection =
  | { readonly kind: 'offsets'; readonly offsets: readonly number[] }
  | { readonly kind: 'filter'; readonly filter: LetterFilter; readonly below: number };

export type Canary = { readonly count: number; readonly maxFailed: number };

/** One partition's share of a redrive: `rate` and `canary.count` are of this partition. */
export type RedriveCommand = {
  readonly kind: 'redrive';
  readonly selection: Selection;
  /** How many letters it selected, for those who do not read them. */
  readonly selected: number;
  /** Records a second; null: no limit. */
  readonly rate: number | null;
  /** Ms since 1970. */
  readonly notBefore: number;
  readonly canary: Canary | null;
  readonly maxRedrives: number;
  readonly value: Buffer | null;
};

export type CancelCommand = { readonly kind: 'cancel' };
export type PauseCommand = { readonly kind: 'pause'; readonly breaker: boolean };
export type ResumeCommand = { readonly kind: 'resume' };
/** How a redrive ended in this partition: for the history, safety does not lean on it. */
export type ClosedCommand = {
  readonly kind: 'closed';
  readonly outcome: 'done' | 'cancelled' | 'stopped';
};

/** `id`: of the command itself; of the redrive for `cancel` and `closed`. `at` in ms since 1970. */
export type Command = {
  readonly group: string;
  readonly id: string;
  readonly at: number;
  readonly by: string;
  readonly from: string;
  readonly why: string;
} & (RedriveCommand | CancelCommand | PauseCommand | ResumeCommand | ClosedCommand);

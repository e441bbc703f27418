// What a ledger holds. Whoever makes a state hands it to a ledger, which alone changes it from then on; all
// others see its books.
import type { CountedRange, OffsetRanges } from '../log/offset-ranges.ts';
import { createOffsetSet, type OffsetSet } from './offset-set.ts';
import { createOutcomes, type Outcomes } from './outcomes.ts';
import type { Pending } from './pending.ts';
import { createRedrivenSet, type RedrivenSet } from './redriven-set.ts';

/** The part of a ledger that a checkpoint carries; `pending` is S with what the task keeps of each record. */
export type LedgerState<State> = {
  start: number;
  nextOffset: number;
  deadLetterOffset: number;
  deadLettered: number;
  corrections: number;
  /** Offsets that hold no record. */
  gapRanges: OffsetRanges;
  lost: OffsetRanges;
  /** Offsets of redriven records that were passed over: their orders had been redriven before. */
  copyRanges: OffsetRanges;
  /** Records that other groups redrove: passed over. */
  foreign: number;
  /** From here on redriven records are known as such: an older program took them for orders. */
  redrivesFrom: number;
  /** R: the origins of all redriven records of our group, as far as N and d. */
  redriven: RedrivenSet;
  /** What became of them, by command. */
  outcomes: Outcomes;
  /** D: every origin that stands in the dead-letter log as far as it was read. */
  deadLetters: OffsetSet;
  /** The checkpoint that the next ones lean on, if there is one. */
  base: Base | null;
  /** Attempts after a first one, ever. */
  retries: number;
  /** Restores since N last moved. */
  restarts: number;
  /** What the fold has made of all that is counted. */
  folded: State;
  pending: Map<number, Pending>;
};

/** The same for everybody else: what the ledger alone may change, others read. */
export type Books<State> = Readonly<
  Omit<
    LedgerState<State>,
    'gapRanges' | 'lost' | 'copyRanges' | 'redriven' | 'outcomes' | 'deadLetters' | 'pending'
  >
> & {
  readonly gapRanges: readonly CountedRange[];
  readonly lost: readonly CountedRange[];
  readonly copyRanges: readonly CountedRange[];
  readonly redriven: Omit<RedrivenSet, 'add' | 'rebase'>;
  readonly outcomes: Pick<Outcomes, 'counts'>;
  readonly deadLetters: Omit<OffsetSet, 'add'>;
  readonly pending: ReadonlyMap<number, Pending>;
};

/** Where a checkpoint stands that holds all of R and D, and how far it had read. */
export type Base = { readonly offset: number; readonly deadLetterOffset: number };

/** A ledger that has seen nothing: it begins at `start`, the low watermark. */
export function emptyState<State>(start: number, folded: State): LedgerState<State> {
  return {
    start,
    nextOffset: start,
    deadLetterOffset: 0,
    deadLettered: 0,
    corrections: 0,
    gapRanges: [],
    lost: [],
    copyRanges: [],
    foreign: 0,
    redrivesFrom: start,
    redriven: createRedrivenSet(),
    outcomes: createOutcomes(),
    deadLetters: createOffsetSet(),
    base: null,
    retries: 0,
    restarts: 0,
    folded,
    pending: new Map(),
  };
}

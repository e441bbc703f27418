// What a task knows of its partition, and the only ways in which that may change. An order below
// nextOffset (N) is dead-lettered if its origin stands in the dead-letter log below deadLetterOffset
// (d); else lost if retention took it first; else a gap if there was no record; else pending if it is
// in S; else counted, and what is folded is made of just the counted. Each transition is one
// synchronous step that checks first and changes then: one that throws has changed nothing.

import { InconsistentStateError } from '../errors.ts';
import type { Fold } from '../log/fold.ts';
import {
  addRange,
  type CountedRange,
  look,
  type OffsetRanges,
  takeOut,
} from '../log/offset-ranges.ts';
import { Unready } from '../log/unready.ts';
import { createOffsetSet, type OffsetSet } from './offset-set.ts';
import type { Attempts, Pending } from './pending.ts';

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
  /** Attempts after a first one, ever. */
  retries: number;
  /** Restores since N last moved. */
  restarts: number;
  /** What the fold has made of all that is counted. */
  folded: State;
  pending: Map<number, Pending>;
};

/** The same for everybody else: what the ledger alone may change, others read. */
export type Books<State> = Readonly<Omit<LedgerState<State>, 'gapRanges' | 'lost' | 'pending'>> & {
  readonly gapRanges: readonly CountedRange[];
  readonly lost: readonly CountedRange[];
  readonly pending: ReadonlyMap<number, Pending>;
};

/** Every transition throws InconsistentStateError when it cannot follow on the state. */
export type Ledger<Value, State> = {
  readonly state: Books<State>;
  /** D: every origin that stands in the dead-letter log as far as it was read. */
  readonly deadLetters: Pick<OffsetSet, 'size' | 'has'>;
  /** The record at `offset` is at hand; false when it is dead-lettered already and was passed. */
  arrive(offset: number): boolean;
  /** The order at N was handled. */
  count(value: Value): void;
  /** The order at N has to wait. */
  defer(pending: Pending): void;
  /** The order at `offset` is pending no more: it was handled after all. */
  settle(offset: number, value: Value): void;
  /** A restore has read a pending record again, whose place was kept until now. */
  found(pending: Pending): void;
  /** A pending record is attempted once more. */
  retried(): void;
  /** An attempt has failed, or the record was given up: what is known of it now. */
  failed(pending: Pending, known: Partial<Attempts>): void;
  /** Keeps room in what is folded for the value of a call under way; `release` gives it back. */
  reserve(value: Value): void;
  release(value: Value): void;
  /**
   * The dead-letter record at `offset` was read; `origin` is the order of ours that it stands for
   * (null: none), `decode` gives its content if it has one. The pending order that it ends, if any; or
   * that the content is not known yet, when it matters: then nothing has changed.
   */
  readDeadLetter(
    offset: number,
    origin: number | null,
    decode: () => Value | Unready | null,
  ): Pending | Unready | undefined;
  /** No record stands between N and `offset`. */
  passGap(offset: number): void;
  /** Retention removed what stood between N and `offset` before it was read. */
  lose(offset: number): void;
  /** Retention removed the pending order at `offset` before a restore could read it again. */
  losePending(offset: number): void;
};

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
    retries: 0,
    restarts: 0,
    folded,
    pending: new Map(),
  };
}

/** As createLedger. */
export type CreateLedger<Value, State> = (
  state: LedgerState<State>,
  fold: Fold<Value, State>,
) => Ledger<Value, State>;

/** A ledger that goes on from `state`, which it owns from now on. */
export function createLedger<Value, State>(
  state: LedgerState<State>,
  fold: Fold<Value, State>,
): Ledger<Value, State> {
  const deadLetters = createOffsetSet();
  /** The least dead-lettered origin at or above N. */
  let nextDead = Number.POSITIVE_INFINITY;

  function moveTo(offset: number): void {
    if (offset !== state.nextOffset) state.restarts = 0;
    state.nextOffset = offset;
    if (nextDead < offset) nextDead = deadLetters.next(offset);
  }

  /** Moves N up: what lies between goes to `ranges`, but for what is dead-lettered. */
  function pass(offset: number, ranges: OffsetRanges): void {
    while (nextDead < offset) {
      addRange(ranges, state.nextOffset, nextDead);
      state.deadLettered += 1;
      moveTo(nextDead + 1);
    }
    addRange(ranges, state.nextOffset, offset);
    moveTo(offset);
  }

  function expectAtOrAbove(offset: number): void {
    if (offset >= state.nextOffset) return;
    throw new InconsistentStateError(
      `offset ${offset} was reached again, after ${state.nextOffset}`,
    );
  }

  /**
   * Where an order below N that is not pending was booked, and with that how to take it from there:
   * it was counted here while another owner gave it up, or it was not there any more.
   */
  function takeFrom(origin: number, decode: () => Value | Unready | null): (() => void) | Unready {
    const books = [state.lost, state.gapRanges];
    const known = books.find((ranges) => look(ranges, origin) === 'in');
    if (known !== undefined) return () => takeOut(known, origin);
    const value = decode();
    if (value instanceof Unready) return value;
    const wasCounted = value !== null && fold.contains(state.folded, value);
    const [possible, ...others] = books.filter((ranges) => look(ranges, origin) === 'unknown');
    if (possible !== undefined) {
      // What cannot be among the counted must be in these ranges, if they are the only ones.
      if (!wasCounted && others.length === 0) return () => takeOut(possible, origin);
      throw new InconsistentStateError(
        `a dead letter stands for the order at offset ${origin}, of which is not known any more whether it was counted`,
      );
    }
    if (!wasCounted) {
      throw new InconsistentStateError(
        `a dead letter stands for the order at offset ${origin}, which was never counted`,
      );
    }
    return () => {
      fold.subtract(state.folded, value);
      state.corrections += 1;
    };
  }

  return {
    state,
    deadLetters,
    arrive(offset) {
      if (offset !== state.nextOffset) {
        expectAtOrAbove(offset);
        pass(offset, state.gapRanges);
      }
      if (offset !== nextDead) return true;
      state.deadLettered += 1;
      moveTo(offset + 1);
      return false;
    },
    count(value) {
      fold.add(state.folded, value);
      state.nextOffset += 1;
      state.restarts = 0;
    },
    defer(pending) {
      state.pending.set(state.nextOffset, pending);
      state.nextOffset += 1;
      state.restarts = 0;
    },
    settle(offset, value) {
      if (state.pending.delete(offset)) fold.add(state.folded, value);
    },
    found(pending) {
      const { offset } = pending.record;
      if (state.pending.has(offset)) state.pending.set(offset, pending);
    },
    retried() {
      state.retries += 1;
    },
    failed(pending, known) {
      if (state.pending.get(pending.record.offset) === pending) Object.assign(pending, known);
    },
    reserve: (value) => fold.reserve(state.folded, value),
    release: (value) => fold.release(state.folded, value),
    readDeadLetter(offset, origin, decode) {
      const below = offset < state.deadLetterOffset;
      const next = below ? state.deadLetterOffset : offset + 1;
      if (origin === null || deadLetters.has(origin)) {
        state.deadLetterOffset = next;
        return undefined;
      }
      const passed = origin < state.nextOffset;
      const ends = passed && !below && origin >= state.start;
      const pending = ends ? state.pending.get(origin) : undefined;
      const take = ends && !state.pending.has(origin) ? takeFrom(origin, decode) : null;
      if (take instanceof Unready) return take;
      // From here on nothing throws.
      state.deadLetterOffset = next;
      deadLetters.add(origin);
      if (!passed) nextDead = Math.min(nextDead, origin);
      if (!ends) return undefined;
      state.pending.delete(origin);
      take?.();
      state.deadLettered += 1;
      return pending;
    },
    passGap(offset) {
      expectAtOrAbove(offset);
      pass(offset, state.gapRanges);
    },
    lose(offset) {
      if (offset > state.nextOffset) pass(offset, state.lost);
    },
    losePending(offset) {
      if (state.pending.delete(offset)) addRange(state.lost, offset, offset + 1);
    },
  };
}

// What a task knows of its partition, and the only ways in which that may change. An order below
// nextOffset (N) is dead-lettered if its origin stands in the dead-letter log below deadLetterOffset
// (d); else lost if retention took it first; else a gap if there was no record; else a copy if it is
// the second redriven record of one order; else foreign if another group redrove it; else pending if it
// is in S; else counted, and what is folded is made of just the counted. Each transition is one
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
import type { Redrive } from '../log/redrive.ts';
import { Unready } from '../log/unready.ts';
import { createOffsetSet, type OffsetSet } from './offset-set.ts';
import { createOutcomes, type Outcomes } from './outcomes.ts';
import { type Attempts, learn, type Pending } from './pending.ts';
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

/** What a dead letter holds, read when it is needed. */
export type Letter<Value> = {
  /** The order, if it is one; or that it is not known yet whether it is. */
  decode(): Value | Unready | null;
  /** What it was redriven for, if it was. */
  redrive(): Redrive | null;
};

/** Every transition throws InconsistentStateError when it cannot follow on the state. */
export type Ledger<Value, State> = {
  readonly state: Books<State>;
  /**
   * The record at `offset` is at hand, redriven or not; false when there is nothing to be done and it
   * was passed: it is dead-lettered already, a copy or foreign. What is not passed is in R when it is
   * counted or deferred, not before.
   */
  arrive(offset: number, redrive: Redrive | null): boolean;
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
   * (null: none). The pending order that it ends, if any; or that its content is not known yet, when it
   * matters: then nothing has changed.
   */
  readDeadLetter(
    offset: number,
    origin: number | null,
    letter: Letter<Value>,
  ): Pending | Unready | undefined;
  /** No record stands between N and `offset`. */
  passGap(offset: number): void;
  /** Retention removed what stood between N and `offset` before it was read. */
  lose(offset: number): void;
  /** Retention removed the pending order at `offset` before a restore could read it again. */
  losePending(offset: number): void;
  /** The checkpoint for which R was marked last is the one that the next ones lean on. */
  rebase(base: Base): void;
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

/** As createLedger. */
export type CreateLedger<Value, State> = (
  state: LedgerState<State>,
  fold: Fold<Value, State>,
  group: string,
) => Ledger<Value, State>;

/** A ledger of a group that goes on from `state`, which it owns from now on. */
export function createLedger<Value, State>(
  state: LedgerState<State>,
  fold: Fold<Value, State>,
  group: string,
): Ledger<Value, State> {
  const { deadLetters, redriven, outcomes } = state;
  /** The least dead-lettered origin at or above N. */
  let nextDead = deadLetters.next(state.nextOffset);
  /** What the record at N was redriven for, between its arrival and its end. */
  let arriving: Redrive | null = null;

  const isOurs = (redrive: Redrive | null): redrive is Redrive =>
    redrive !== null && redrive.group === group;

  function see({ origin, id }: Redrive): void {
    redriven.add(origin);
    outcomes.seen(id);
  }

  /** N goes past the order that has arrived, which is in R from now on if it was redriven. */
  function take(): void {
    if (arriving !== null) see(arriving);
    state.nextOffset += 1;
    state.restarts = 0;
  }

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
  function takeFrom(
    origin: number,
    letter: Letter<Value>,
    redrive: Redrive | null,
  ): { wasCounted: boolean; undo: () => void } | Unready {
    const elsewhere = (undo: () => void) => ({ wasCounted: false, undo });
    const books = [state.lost, state.gapRanges, state.copyRanges];
    const known = books.find((ranges) => look(ranges, origin) === 'in');
    if (known !== undefined) return elsewhere(() => takeOut(known, origin));
    // Only what was redriven by us can be a copy.
    const [possible, ...others] = (isOurs(redrive) ? books : books.slice(0, 2)).filter(
      (ranges) => look(ranges, origin) === 'unknown',
    );
    // An older program of our group took what another group redrove for an order.
    const mayBeForeign =
      redrive !== null && !isOurs(redrive) && origin >= state.redrivesFrom && state.foreign > 0;
    if (mayBeForeign && possible === undefined) {
      return elsewhere(() => {
        state.foreign -= 1;
      });
    }
    const value = letter.decode();
    if (value instanceof Unready) return value;
    const wasCounted = value !== null && fold.contains(state.folded, value);
    if (possible !== undefined) {
      // What cannot be among the counted must be in these ranges, if they are the only ones.
      const isThere = !wasCounted && !mayBeForeign && others.length === 0;
      if (isThere) return elsewhere(() => takeOut(possible, origin));
      throw new InconsistentStateError(
        `a dead letter stands for the order at offset ${origin}, of which is not known any more whether it was counted`,
      );
    }
    if (!wasCounted) {
      throw new InconsistentStateError(
        `a dead letter stands for the order at offset ${origin}, which was never counted`,
      );
    }
    const undo = () => {
      fold.subtract(state.folded, value);
      state.corrections += 1;
    };
    return { wasCounted: true, undo };
  }

  /** The dead letter of an order that was redriven: in R whether or not its record was seen here. */
  function seeFailed(redrive: Redrive, origin: number, wasCounted: boolean): void {
    redriven.add(redrive.origin);
    if (origin < state.redrivesFrom) return;
    if (!wasCounted) outcomes.seen(redrive.id);
    outcomes.failedAgain(redrive.id);
  }

  return {
    state,
    arrive(offset, redrive) {
      if (offset !== state.nextOffset) {
        expectAtOrAbove(offset);
        pass(offset, state.gapRanges);
      }
      arriving = null;
      if (offset === nextDead) {
        // Its dead letter has said so, unless its headers were lost.
        if (isOurs(redrive)) redriven.add(redrive.origin);
        state.deadLettered += 1;
        moveTo(offset + 1);
        return false;
      }
      if (redrive === null) return true;
      if (!isOurs(redrive)) state.foreign += 1;
      else if (redriven.has(redrive.origin)) addRange(state.copyRanges, offset, offset + 1);
      else {
        arriving = redrive;
        return true;
      }
      moveTo(offset + 1);
      return false;
    },
    count(value) {
      fold.add(state.folded, value);
      take();
    },
    defer(pending) {
      if (arriving !== null) learn(pending, { command: arriving.id });
      state.pending.set(state.nextOffset, pending);
      take();
    },
    settle(offset, value) {
      if (state.pending.delete(offset)) fold.add(state.folded, value);
    },
    found(pending) {
      const { offset } = pending.record;
      const place = state.pending.get(offset);
      if (place === undefined) return;
      state.pending.set(offset, learn(pending, { command: place.command }));
    },
    retried() {
      state.retries += 1;
    },
    failed(pending, known) {
      if (state.pending.get(pending.record.offset) === pending) learn(pending, known);
    },
    reserve: (value) => fold.reserve(state.folded, value),
    release: (value) => fold.release(state.folded, value),
    readDeadLetter(offset, origin, letter) {
      const below = offset < state.deadLetterOffset;
      const next = below ? state.deadLetterOffset : offset + 1;
      if (origin === null || deadLetters.has(origin)) {
        state.deadLetterOffset = next;
        return undefined;
      }
      const passed = origin < state.nextOffset;
      const ends = passed && !below && origin >= state.start;
      const pending = ends ? state.pending.get(origin) : undefined;
      const redrive = below || pending !== undefined ? null : letter.redrive();
      const booked = ends && pending === undefined ? takeFrom(origin, letter, redrive) : null;
      if (booked instanceof Unready) return booked;
      // From here on nothing throws.
      state.deadLetterOffset = next;
      deadLetters.add(origin);
      if (!passed) nextDead = Math.min(nextDead, origin);
      if (isOurs(redrive)) seeFailed(redrive, origin, booked?.wasCounted ?? false);
      if (!ends) return undefined;
      state.pending.delete(origin);
      booked?.undo();
      if (pending !== undefined && pending.command !== null) outcomes.failedAgain(pending.command);
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
      const pending = state.pending.get(offset);
      if (pending === undefined) return;
      state.pending.delete(offset);
      addRange(state.lost, offset, offset + 1);
      if (pending.command !== null) outcomes.lost(pending.command);
    },
    rebase(base) {
      redriven.rebase();
      state.base = base;
    },
  };
}

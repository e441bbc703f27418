// What a task knows of its partition, and the only ways in which that may change. An order below
// nextOffset (N) is dead-lettered if its origin stands in the dead-letter log below deadLetterOffset
// (d); else lost if retention took it first; else a gap if there was no record; else a copy if it is
// the second redriven record of one order; else foreign if another group redrove it; else pending if it
// is in S; else counted, and what is folded is made of just the counted. Each transition is one
// synchronous step that checks first and changes then: one that throws has changed nothing.

import type { Fold } from '../log/fold.ts';
import { addRange } from '../log/offset-ranges.ts';
import type { Redrive } from '../log/redrive.ts';
import { createNextOffset } from './ledger/next-offset.ts';
import { createReadDeadLetter, type ReadDeadLetter } from './ledger/read-dead-letter.ts';
import { createRedrives } from './ledger/redrives.ts';
import type { Base, Books, LedgerState } from './ledger-state.ts';
import { type Attempts, learn, leave, type Pending } from './pending.ts';

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
  readonly readDeadLetter: ReadDeadLetter<Value>;
  /** No record stands between N and `offset`. */
  passGap(offset: number): void;
  /** Retention removed what stood between N and `offset` before it was read. */
  lose(offset: number): void;
  /** Retention removed the pending order at `offset` before a restore could read it again. */
  losePending(offset: number): void;
  /** The checkpoint for which R was marked last is the one that the next ones lean on. */
  rebase(base: Base): void;
};

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
  const nextOffset = createNextOffset(state);
  const redrives = createRedrives(state, group);
  /** What the record at N was redriven for, between its arrival and its end. */
  let arriving: Redrive | null = null;

  function step(): void {
    state.nextOffset += 1;
    state.restarts = 0;
  }

  /** N goes past the order that has arrived, which is in R from now on if it was redriven. */
  function take(): void {
    if (arriving !== null) redrives.see(arriving);
    step();
  }

  /** It is pending no more. */
  function end(offset: number, pending: Pending): void {
    state.pending.delete(offset);
    leave(pending);
  }

  return {
    state,
    arrive(offset, redrive) {
      if (offset !== state.nextOffset) {
        nextOffset.expectAtOrAbove(offset);
        nextOffset.pass(offset, state.gapRanges);
      }
      arriving = null;
      if (offset === nextOffset.nextDead) {
        // Its dead letter has said so, unless its headers were lost.
        if (redrives.isOurs(redrive)) state.redriven.add(redrive.origin);
        nextOffset.stepOverDead();
        return false;
      }
      if (redrive === null) return true;
      if (!redrives.isOurs(redrive)) state.foreign += 1;
      else if (state.redriven.has(redrive.origin)) addRange(state.copyRanges, offset, offset + 1);
      else {
        arriving = redrive;
        return true;
      }
      step();
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
      const pending = state.pending.get(offset);
      if (pending === undefined) return;
      end(offset, pending);
      fold.add(state.folded, value);
    },
    found(pending) {
      const { offset } = pending.record;
      const place = state.pending.get(offset);
      if (place === undefined) return;
      leave(place);
      state.pending.set(offset, learn(pending, { command: place.command }));
    },
    retried() {
      state.retries += 1;
    },
    failed(pending, known) {
      if (pending.waits) learn(pending, known);
    },
    reserve: (value) => fold.reserve(state.folded, value),
    release: (value) => fold.release(state.folded, value),
    readDeadLetter: createReadDeadLetter({ state, fold, nextOffset, redrives }),
    passGap(offset) {
      nextOffset.expectAtOrAbove(offset);
      nextOffset.pass(offset, state.gapRanges);
    },
    lose(offset) {
      if (offset > state.nextOffset) nextOffset.pass(offset, state.lost);
    },
    losePending(offset) {
      const pending = state.pending.get(offset);
      if (pending === undefined) return;
      end(offset, pending);
      addRange(state.lost, offset, offset + 1);
      if (pending.command !== null) state.outcomes.lost(pending.command);
    },
    rebase(base) {
      state.redriven.rebase();
      state.base = base;
    },
  };
}

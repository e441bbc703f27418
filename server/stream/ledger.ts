// What a task knows of its partition, and the only ways in which that may change. An order below
// nextOffset (N) is dead-lettered if its origin stands in the dead-letter log below deadLetterOffset
// (d); else lost if retention took it first; else pending if it is in S; else counted, and the
// averages are the exact sums over the counted. Each transition is one synchronous step.
import { type Averages, add, subtract } from '../domain/averages.ts';
import type { OffsetRange } from '../domain/checkpoint.ts';
import type { Order } from '../domain/order.ts';
import { InconsistentStateError } from '../errors.ts';
import { createOffsetSet, type OffsetSet } from './offset-set.ts';

/** The part of a ledger that a checkpoint carries; `pending` is S with what the task keeps of each order. */
export type LedgerState<P> = {
  start: number;
  nextOffset: number;
  deadLetterOffset: number;
  deadLettered: number;
  gaps: number;
  corrections: number;
  lost: OffsetRange[];
  averages: Averages;
  pending: Map<number, P>;
};

type Decode = () => Order | null;

export type Ledger<P> = {
  readonly state: Readonly<LedgerState<P>>;
  /** D: every origin that stands in the dead-letter log as far as it was read. */
  readonly deadLetters: Pick<OffsetSet, 'size' | 'has'>;
  /** The record at `offset` is at hand; false when it is dead-lettered already and was passed. */
  arrive(offset: number): boolean;
  /** The order at N was handled. */
  count(order: Order): void;
  /** The order at N has to wait. */
  defer(pending: P): void;
  /** The order at `offset` is pending no more: it was handled after all. */
  settle(offset: number, order: Order): void;
  /**
   * The dead-letter record at `offset` was read; `origin` is the order of ours that it stands for
   * (null: none), `decode` gives its content if it has one. The pending order that it ends, if any.
   */
  readDeadLetter(offset: number, origin: number | null, decode: Decode): P | undefined;
  /** No record stands between N and `offset`. */
  passGap(offset: number): void;
  /** Retention removed what stood between N and `offset` before it was read. */
  lose(offset: number): void;
  /** Retention removed the pending order at `offset` before a restore could read it again. */
  losePending(offset: number): void;
};

/** A ledger that has seen nothing: it begins at `start`, the low watermark. */
export function emptyState<P>(start: number): LedgerState<P> {
  return {
    start,
    nextOffset: start,
    deadLetterOffset: 0,
    deadLettered: 0,
    gaps: 0,
    corrections: 0,
    lost: [],
    averages: new Map(),
    pending: new Map(),
  };
}

/** A ledger that goes on from `state`, which it owns from now on. */
export function createLedger<P>(state: LedgerState<P>): Ledger<P> {
  const deadLetters = createOffsetSet();
  /** The least dead-lettered origin at or above N. */
  let nextDead = Number.POSITIVE_INFINITY;

  function moveTo(offset: number): void {
    state.nextOffset = offset;
    if (nextDead < offset) nextDead = deadLetters.next(offset);
  }

  function loseRange(from: number, to: number): void {
    if (from >= to) return;
    const last = state.lost.at(-1);
    if (last?.to === from) last.to = to;
    else state.lost.push({ from, to });
  }

  /** The order was counted here while another owner gave it up. */
  function takeBack(origin: number, order: Order | null): void {
    if (order === null || !state.averages.has(order.product)) {
      throw new InconsistentStateError(
        `a dead letter stands for the order at offset ${origin}, which was never counted`,
      );
    }
    subtract(state.averages, order.product, order.price);
    state.corrections += 1;
  }

  return {
    state,
    deadLetters,
    arrive(offset) {
      state.gaps += offset - state.nextOffset;
      moveTo(offset);
      if (offset !== nextDead) return true;
      state.deadLettered += 1;
      moveTo(offset + 1);
      return false;
    },
    count(order) {
      add(state.averages, order.product, order.price);
      state.nextOffset += 1;
    },
    defer(pending) {
      state.pending.set(state.nextOffset, pending);
      state.nextOffset += 1;
    },
    settle(offset, order) {
      if (state.pending.delete(offset)) add(state.averages, order.product, order.price);
    },
    readDeadLetter(offset, origin, decode) {
      const below = offset < state.deadLetterOffset;
      if (!below) state.deadLetterOffset = offset + 1;
      if (origin === null || !deadLetters.add(origin)) return undefined;
      if (origin >= state.nextOffset) {
        nextDead = Math.min(nextDead, origin);
        return undefined;
      }
      if (below || origin < state.start) return undefined;
      const pending = state.pending.get(origin);
      if (!state.pending.delete(origin) && !takeFromLost(state.lost, origin)) {
        takeBack(origin, decode());
      }
      state.deadLettered += 1;
      return pending;
    },
    passGap(offset) {
      state.gaps += offset - state.nextOffset;
      moveTo(offset);
    },
    lose(offset) {
      while (nextDead < offset) {
        loseRange(state.nextOffset, nextDead);
        state.deadLettered += 1;
        moveTo(nextDead + 1);
      }
      loseRange(state.nextOffset, offset);
      moveTo(Math.max(offset, state.nextOffset));
    },
    losePending(offset) {
      if (state.pending.delete(offset)) loseRange(offset, offset + 1);
    },
  };
}

function takeFromLost(lost: OffsetRange[], offset: number): boolean {
  const at = lost.findIndex(({ from, to }) => from <= offset && offset < to);
  if (at < 0) return false;
  const { from, to } = lost[at]!;
  const rest = [
    { from, to: offset },
    { from: offset + 1, to },
  ].filter((range) => range.from < range.to);
  lost.splice(at, 1, ...rest);
  return true;
}

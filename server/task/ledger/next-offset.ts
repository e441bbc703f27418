// How N moves on: past a record, or past what holds none.
import { InconsistentStateError } from '../../errors.ts';
import { addRange, type OffsetRanges } from '../../log/offset-ranges.ts';
import type { LedgerState } from '../ledger-state.ts';

export type NextOffset = {
  /** Whether the record at `offset`, at or above N, is dead-lettered already. */
  isDead(offset: number): boolean;
  /** An order at or above N is dead-lettered. */
  addDead(origin: number): void;
  /** N goes past the record that stands there. */
  step(): void;
  /** N goes past the record that stands there, which is dead-lettered. */
  stepOverDead(): void;
  /** Moves N up: what lies between goes to `ranges`, but for what is dead-lettered. */
  pass(offset: number, ranges: OffsetRanges): void;
  /** @throws {InconsistentStateError} for what N has passed already */
  expectAtOrAbove(offset: number): void;
};

/** N of a ledger, whose D says what is dead-lettered. */
export function createNextOffset(
  state: Pick<LedgerState<unknown>, 'nextOffset' | 'deadLetters' | 'deadLettered' | 'restarts'>,
): NextOffset {
  const { deadLetters } = state;
  /** The least dead-lettered origin at or above N. */
  let nextDead = deadLetters.next(state.nextOffset);

  function moveTo(offset: number): void {
    if (offset !== state.nextOffset) state.restarts = 0;
    state.nextOffset = offset;
    if (nextDead < offset) nextDead = deadLetters.next(offset);
  }

  function overDead(origin: number): void {
    state.deadLettered += 1;
    moveTo(origin + 1);
  }

  return {
    isDead: (offset) => offset === nextDead,
    addDead(origin) {
      nextDead = Math.min(nextDead, origin);
    },
    step() {
      state.nextOffset += 1;
      state.restarts = 0;
    },
    stepOverDead: () => overDead(state.nextOffset),
    pass(offset, ranges) {
      while (nextDead < offset) {
        addRange(ranges, state.nextOffset, nextDead);
        overDead(nextDead);
      }
      addRange(ranges, state.nextOffset, offset);
      moveTo(offset);
    },
    expectAtOrAbove(offset) {
      if (offset >= state.nextOffset) return;
      throw new InconsistentStateError(
        `offset ${offset} was reached again, after ${state.nextOffset}`,
      );
    },
  };
}

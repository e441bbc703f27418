// How N moves on: past a record, or past what holds none.
import { InconsistentStateError } from '../../errors.ts';
import { addRange, type OffsetRanges } from '../../log/offset-ranges.ts';
import type { LedgerState } from '../ledger-state.ts';

export type NextOffset = {
  /** The least dead-lettered origin at or above N: looked at for each record, and so no call. */
  readonly nextDead: number;
  /** An order at or above N is dead-lettered. */
  addDead(origin: number): void;
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
  function moveTo(offset: number): void {
    if (offset !== state.nextOffset) state.restarts = 0;
    state.nextOffset = offset;
    if (known.nextDead < offset) known.nextDead = deadLetters.next(offset);
  }

  function overDead(origin: number): void {
    state.deadLettered += 1;
    moveTo(origin + 1);
  }

  const known = {
    nextDead: deadLetters.next(state.nextOffset),
    addDead(origin: number) {
      known.nextDead = Math.min(known.nextDead, origin);
    },
    stepOverDead: () => overDead(state.nextOffset),
    pass(offset: number, ranges: OffsetRanges) {
      while (known.nextDead < offset) {
        addRange(ranges, state.nextOffset, known.nextDead);
        overDead(known.nextDead);
      }
      addRange(ranges, state.nextOffset, offset);
      moveTo(offset);
    },
    expectAtOrAbove(offset: number) {
      if (offset >= state.nextOffset) return;
      throw new InconsistentStateError(
        `offset ${offset} was reached again, after ${state.nextOffset}`,
      );
    },
  };
  return known;
}

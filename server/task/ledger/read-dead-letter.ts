// A dead letter that was read: D grows by it, and the order that it stands for is taken from where it was.
import type { Fold } from '../../log/fold.ts';
import type { Redrive } from '../../log/redrive.ts';
import { Unready } from '../../log/unready.ts';
import type { LedgerState } from '../ledger-state.ts';
import { leave, type Pending } from '../pending.ts';
import { whereBooked } from './booked.ts';
import type { NextOffset } from './next-offset.ts';
import type { Redrives } from './redrives.ts';

/** What a dead letter holds, read when it is needed. */
export type Letter<Value> = {
  /** The order, if it is one; or that it is not known yet whether it is. */
  decode(): Value | Unready | null;
  /** What it was redriven for, if it was. */
  redrive(): Redrive | null;
};

/** As readDeadLetter of the ledger says. */
export type ReadDeadLetter<Value> = (
  offset: number,
  origin: number | null,
  letter: Letter<Value>,
) => Pending | Unready | undefined;

/** Reads dead letters into a ledger, which has given its parts. */
export function createReadDeadLetter<Value, State>(deps: {
  state: LedgerState<State>;
  fold: Fold<Value, State>;
  nextOffset: Pick<NextOffset, 'addDead'>;
  redrives: Redrives;
}): ReadDeadLetter<Value> {
  const { state, fold, nextOffset, redrives } = deps;

  function endPending(origin: number, pending: Pending): void {
    state.pending.delete(origin);
    leave(pending);
    if (pending.command !== null) state.outcomes.failedAgain(pending.command);
  }

  return (offset, origin, letter) => {
    const below = offset < state.deadLetterOffset;
    const next = below ? state.deadLetterOffset : offset + 1;
    if (origin === null || state.deadLetters.has(origin)) {
      state.deadLetterOffset = next;
      return undefined;
    }
    const passed = origin < state.nextOffset;
    const ends = passed && !below && origin >= state.start;
    const pending = ends ? state.pending.get(origin) : undefined;
    const redrive = below || pending !== undefined ? null : letter.redrive();
    const booked =
      ends && pending === undefined
        ? whereBooked(state, fold, origin, {
            decode: letter.decode,
            redrive,
            isOurs: redrives.isOurs(redrive),
          })
        : null;
    if (booked instanceof Unready) return booked;
    // From here on nothing throws.
    state.deadLetterOffset = next;
    state.deadLetters.add(origin);
    if (!passed) nextOffset.addDead(origin);
    if (redrives.isOurs(redrive)) redrives.seeFailed(redrive, origin, booked?.wasCounted ?? false);
    if (!ends) return undefined;
    booked?.undo();
    if (pending !== undefined) endPending(origin, pending);
    state.deadLettered += 1;
    return pending;
  };
}

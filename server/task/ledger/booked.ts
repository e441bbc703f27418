// Where an order below N was booked that turns out to be dead-lettered, and how to take it from there.
import { InconsistentStateError } from '../../errors.ts';
import type { Fold } from '../../log/fold.ts';
import { look, takeOut } from '../../log/offset-ranges.ts';
import type { Redrive } from '../../log/redrive.ts';
import { Unready } from '../../log/unready.ts';
import type { LedgerState } from '../ledger-state.ts';

/** `undo` takes the order from where it was booked, and throws nothing. */
export type Booked = { readonly wasCounted: boolean; undo(): void };

/**
 * Of an order that is not pending: it was counted here while another owner gave it up, or it was not
 * there any more. Unready when what its dead letter holds matters and is not known yet.
 * @throws {InconsistentStateError} when it can be nowhere, or in one of several places
 */
export function whereBooked<Value, State>(
  state: LedgerState<State>,
  fold: Pick<Fold<Value, State>, 'contains' | 'subtract'>,
  origin: number,
  {
    decode,
    redrive,
    isOurs,
  }: {
    /** The order in its dead letter; null when that holds none. */
    decode: () => Value | Unready | null;
    /** What it was redriven for, if it was. */
    redrive: Redrive | null;
    /** By our group. */
    isOurs: boolean;
  },
): Booked | Unready {
  const elsewhere = (undo: () => void) => ({ wasCounted: false, undo });
  const books = [state.lost, state.gapRanges, state.copyRanges];
  const known = books.find((ranges) => look(ranges, origin) === 'in');
  if (known !== undefined) return elsewhere(() => takeOut(known, origin));
  // Only what was redriven by us can be a copy.
  const [possible, ...others] = (isOurs ? books : books.slice(0, 2)).filter(
    (ranges) => look(ranges, origin) === 'unknown',
  );
  // An older program of our group took what another group redrove for an order.
  const mayBeForeign =
    redrive !== null && !isOurs && origin >= state.redrivesFrom && state.foreign > 0;
  if (mayBeForeign && possible === undefined) {
    return elsewhere(() => {
      state.foreign -= 1;
    });
  }
  const value = decode();
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

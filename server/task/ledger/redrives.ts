// What a ledger notes of redriven records: which orders they stand for, and what becomes of them.
import type { Redrive } from '../../log/redrive.ts';
import type { LedgerState } from '../ledger-state.ts';

export type Redrives = {
  /** Whether our group redrove it. */
  isOurs(redrive: Redrive | null): redrive is Redrive;
  /** The redriven record of an order was seen for the first time. */
  see(redrive: Redrive): void;
  /** The dead letter of a redriven order was read; `wasCounted`, and so seen, until then. */
  seeFailed(redrive: Redrive, origin: number, wasCounted: boolean): void;
};

/** Those of a ledger of the group. */
export function createRedrives(
  { redriven, outcomes, redrivesFrom }: LedgerState<unknown>,
  group: string,
): Redrives {
  return {
    isOurs: (redrive): redrive is Redrive => redrive !== null && redrive.group === group,
    see({ origin, id }) {
      redriven.add(origin);
      outcomes.seen(id);
    },
    // In R whether or not its record was seen here.
    seeFailed(redrive, origin, wasCounted) {
      redriven.add(redrive.origin);
      if (origin < redrivesFrom) return;
      if (!wasCounted) outcomes.seen(redrive.id);
      outcomes.failedAgain(redrive.id);
    },
  };
}

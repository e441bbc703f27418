// What a redrive looks at in a ledger, and how it learns what became of its letters.
import type { Clock } from '../log/clock.ts';
import type { Books } from './ledger-state.ts';
import { pass, type Waits } from './waits.ts';

/** What became of the letters of a redrive that are orders again below N. */
export type Outcome = {
  readonly seen: number;
  readonly waiting: number;
  readonly failedAgain: number;
};

/** What a sender looks at in the ledger. */
export type RedriveBooks = {
  readonly nextOffset: number;
  isRedriven(origin: number): boolean;
  outcome(id: string): Outcome;
};

/** What a redrive looks at in a ledger. */
export function redriveBooks(state: Books<unknown>): RedriveBooks {
  return {
    get nextOffset() {
      return state.nextOffset;
    },
    isRedriven: state.redriven.has,
    outcome(id) {
      const { seen, failedAgain } = state.outcomes.counts().get(id) ?? { seen: 0, failedAgain: 0 };
      let waiting = 0;
      if (seen > failedAgain) {
        for (const { command } of state.pending.values()) if (command === id) waiting += 1;
      }
      return { seen, failedAgain, waiting };
    },
  };
}

const LOOK_EVERY_MS = 100;

/** What became of all that the ledger has seen of a redrive, once nothing of it waits any more. */
export async function outcomeOf(
  id: string,
  {
    books,
    clock,
    waits,
    signal,
  }: { books: RedriveBooks; clock: Clock; waits: Waits; signal: AbortSignal },
): Promise<Outcome> {
  for (;;) {
    const outcome = books.outcome(id);
    if (outcome.waiting === 0) return outcome;
    // To count those that wait takes a look at all that is pending: not at every change.
    await waits.changed(signal);
    await pass(clock, LOOK_EVERY_MS, signal);
  }
}

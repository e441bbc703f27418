// Waiting for what can be observed.
import { setTimeout as delay } from 'node:timers/promises';
import { describe } from '../../server/errors.ts';

const LOOK_EVERY_MS = 100;
/** Ends a run in words; it says nothing about how long a thing may take. */
const GIVE_UP_MS = 120_000;

/**
 * Looks until `look` gives something other than false and null, and returns it; an error counts as
 * "not yet". Rejects after `withinMs` with `what` was waited for and the last error.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | false | null>,
  withinMs = GIVE_UP_MS,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last = '';
  for (;;) {
    try {
      const found = await look();
      if (found !== false && found !== null) return found;
      last = '';
    } catch (error) {
      last = `: ${describe(error)}`;
    }
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}${last}`);
    await delay(LOOK_EVERY_MS);
  }
}

// How long to wait before the stream is tried again.
import { backoff } from './backoff.ts';

const SECOND = 1000;
const GAPS = [1, 2, 4, 8, 15, 30];
const FLAPPING = { drops: 3, within: 60 * SECOND, rest: 60 * SECOND };
/** Another tab that gives its stream back says so; this is for one that could not. */
const YIELDED = 30 * SECOND;

/** Counts tries and drops; `random` spreads the tries of many tabs. */
export function createProbes(random: () => number) {
  let tries = 0;
  let drops: number[] = [];
  return {
    /** The stream is in use, or hope begins anew. */
    reset() {
      tries = 0;
    },
    /** Milliseconds until the next try, and whether it dropped too often to be trusted soon. */
    next(now: number, wasLive: boolean, yielded: boolean): { wait: number; flapping: boolean } {
      if (yielded) return { wait: YIELDED, flapping: false };
      if (wasLive) drops = [...drops.filter((at) => now - at < FLAPPING.within), now];
      const flapping = drops.length >= FLAPPING.drops;
      if (flapping) drops = [];
      const gap = backoff(GAPS, tries) * (0.8 + 0.4 * random());
      tries += 1;
      return { wait: flapping ? FLAPPING.rest : gap, flapping };
    },
  };
}

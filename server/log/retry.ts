// The one loop of everything that is tried again until it succeeds, and the wait between two tries.
import { isRetriable } from '../errors.ts';
import { type Clock, delay } from './clock.ts';

/** How long to wait before trying again: `firstMs`, doubled after each further failure, at most `maxMs`. */
export type Backoff = {
  readonly clock: Pick<Clock, 'after'>;
  /** In [0, 1). */
  readonly random: () => number;
  readonly firstMs: number;
  readonly maxMs: number;
  /** Ends the wait at once; without, nobody gives up. */
  readonly signal?: AbortSignal;
};

/**
 * Waits after `failures` earlier failures, between half and the whole of the backoff ("equal jitter"), so
 * that many who fail together do not all come back together. Never rejects.
 */
export async function pause(failures: number, backoff: Backoff): Promise<void> {
  const { clock, random, firstMs, maxMs, signal } = backoff;
  const longest = Math.min(maxMs, firstMs * 2 ** failures);
  // Only the signal makes it reject, and that ends the wait as wished.
  await delay(clock, longest * (0.5 + random() / 2), signal).catch(() => {});
}

/**
 * What `step` comes to, tried until it succeeds; it is told how many tries failed before. Rejects with the
 * error that trying again cannot mend, with what `failed` throws, or with the reason of the signal. A step
 * under way goes on to its end: who aborts and must not wait for it gives the step the signal as well.
 */
export async function retry<T>(
  step: (failures: number) => Promise<T>,
  deps: Backoff & {
    /** Whether the step may succeed after this error; without, those that say so of themselves. */
    readonly mayPass?: (error: unknown) => boolean;
    /** Hears of every failure that may pass, before the wait; `failures`: how many came before. */
    readonly failed: (error: unknown, failures: number) => void;
  },
): Promise<T> {
  const { signal, failed, mayPass = isRetriable } = deps;
  for (let failures = 0; ; failures += 1) {
    signal?.throwIfAborted();
    try {
      return await step(failures);
    } catch (error) {
      if (!mayPass(error)) throw error;
      failed(error, failures);
    }
    await pause(failures, deps);
  }
}

// Time as an argument: real in main.ts, turned by hand in tests.

export type Clock = {
  /** Wall clock, ms since 1970. */
  now(): number;
  /** Never goes back; ms from an arbitrary start, with fractions. */
  monotonic(): number;
  /** Calls `action` once after `ms`, at most 24 days; the result cancels it. */
  after(ms: number, action: () => void): () => void;
  /** Lets everything else that is waiting run first. */
  breathe(): Promise<void>;
};

const MAX_TIMER_MS = 2 ** 31 - 1;

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, action) {
    // Node would call at once what is to come after more than MAX_TIMER_MS.
    const timer = setTimeout(action, Math.min(ms, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
  breathe: takeTurns(),
};

/** Lets one waiter go on in each round of the event loop, because many in one round would hold up all else. */
function takeTurns(): () => Promise<void> {
  const waiting: (() => void)[] = [];
  const next = () => {
    waiting.shift()?.();
    if (waiting.length > 0) setImmediate(next);
  };
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(next);
    });
}

/** Waits `ms`, or rejects with the reason of `signal` when that is aborted before. */
export function delay(
  clock: Pick<Clock, 'after'>,
  ms: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}

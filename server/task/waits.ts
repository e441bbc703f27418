// Waiting for something to become true, looked at again whenever something has changed; and for a while.
import type { Clock } from '../log/clock.ts';

export type Waits = {
  /** Resolves in the tick in which `isTrue` is found true; rejects when `signal` is aborted. */
  until(isTrue: () => boolean, signal: AbortSignal): Promise<void>;
  /** Resolves when something has changed after this; rejects when `signal` is aborted. */
  changed(signal: AbortSignal): Promise<void>;
  /** Something has changed. */
  look(): void;
};

/** Nobody waits yet. */
export function createWaits(): Waits {
  const waiting = new Set<() => void>();
  let changes = 0;

  async function until(isTrue: () => boolean, signal: AbortSignal): Promise<void> {
    // Once more after each wait: what was true when it was looked at may be so no more.
    for (signal.throwIfAborted(); !isTrue(); signal.throwIfAborted()) {
      await new Promise<void>((resolve) => {
        const look = () => {
          if (!signal.aborted && !isTrue()) return;
          waiting.delete(look);
          signal.removeEventListener('abort', look);
          resolve();
        };
        waiting.add(look);
        signal.addEventListener('abort', look);
      });
    }
  }

  return {
    until,
    changed(signal) {
      const before = changes;
      return until(() => changes > before, signal);
    },
    look() {
      changes += 1;
      for (const look of waiting) look();
    },
  };
}

/** Waits `ms`; rejects when `signal` is aborted before. */
export async function pass(
  clock: Pick<Clock, 'after'>,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve) => {
    const cancel = clock.after(ms, end);
    function end(): void {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    }
    signal.addEventListener('abort', end);
  });
  signal.throwIfAborted();
}

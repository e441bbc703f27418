// Waiting for something to become true, looked at again whenever something has changed.

export type Waits = {
  /** Resolves in the tick in which `isTrue` is found true; rejects when `signal` is aborted. */
  until(isTrue: () => boolean, signal: AbortSignal): Promise<void>;
  /** Something has changed. */
  look(): void;
};

/** Nobody waits yet. */
export function createWaits(): Waits {
  const waiting = new Set<() => void>();
  return {
    async until(isTrue, signal) {
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
    },
    look() {
      for (const look of waiting) look();
    },
  };
}

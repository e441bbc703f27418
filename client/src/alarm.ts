/** Monotonic milliseconds and one-shot timers; `after` returns how to cancel. */
export interface AlarmClock {
  now(): number;
  after(ms: number, run: () => void): () => void;
}

/** One timer that can be set again; setting it forgets what it was set to before. */
export function createAlarm(clock: AlarmClock) {
  let cancel: (() => void) | null = null;
  function clear() {
    cancel?.();
    cancel = null;
  }
  return {
    clear,
    isSet: () => cancel !== null,
    set(ms: number, run: () => void) {
      clear();
      cancel = clock.after(ms, () => {
        cancel = null;
        run();
      });
    },
  };
}

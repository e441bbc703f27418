// Time as an argument, so that tests can turn it by hand.

/** Monotonic milliseconds, and one call later that does not keep the process alive. */
export type Clock = {
  now(): number;
  /** Calls `run` once in `ms`; the result cancels it. */
  after(ms: number, run: () => void): () => void;
};

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

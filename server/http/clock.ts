// Time as an argument, so that tests can turn it by hand.

/** Time that only goes on: a wall clock that is set would make streams stall or live for ever. */
export type Clock = {
  /** Milliseconds from an arbitrary start, with fractions. */
  monotonic(): number;
  /** The wall clock, ms since 1970: for messages to say when they were made, and nothing else. */
  now(): number;
  /** Calls `run` once in `ms`; the result cancels it. */
  after(ms: number, run: () => void): () => void;
};

/** The clock of this machine; what waits does not keep the process alive. */
export const systemClock: Clock = {
  monotonic: () => performance.now(),
  now: Date.now,
  after(ms, run) {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

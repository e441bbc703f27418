// What one instance measures while it works: in seconds, bytes and numbers, since it started. Whoever
// measures knows nothing of who shows it.
import { createHistogram, type Histogram } from './histogram.ts';

export type Counter = { add(): void; read(): number };

export type Instruments = {
  /** From the time of an order to the end of the work on the set it was fetched in; seconds. */
  readonly endToEnd: Histogram;
  /** A handler call that did not end at once; seconds. */
  readonly handler: Histogram;
  /** Attempts of an order that had to wait, at its end. */
  readonly attempts: Histogram;
  /** From the encoding of a checkpoint to its acknowledgement; seconds. */
  readonly checkpointTook: Histogram;
  readonly checkpointBytes: Histogram;
  /** From a fetch request to its answer, with what the broker waits when there is nothing; seconds. */
  readonly fetchTook: Histogram;
  readonly fetchBytes: Histogram;
  /** From asking to be let into the group to having partitions; seconds. */
  readonly rebalance: Histogram;
  /** Appends that failed and had to be repeated. */
  readonly appendRetries: Counter;
};

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const LONG_SECONDS = [...SECONDS, 300, 1800, 7200, 86_400];
const BYTES = [0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
const ATTEMPTS = [1, 2, 3, 4, 5, 10, 20, 50];

/** Nothing measured yet. */
export function createInstruments(): Instruments {
  return {
    endToEnd: createHistogram(LONG_SECONDS),
    handler: createHistogram(SECONDS),
    attempts: createHistogram(ATTEMPTS),
    checkpointTook: createHistogram(SECONDS),
    checkpointBytes: createHistogram(BYTES),
    fetchTook: createHistogram(SECONDS),
    fetchBytes: createHistogram(BYTES),
    rebalance: createHistogram(SECONDS),
    appendRetries: createCounter(),
  };
}

function createCounter(): Counter {
  let count = 0;
  return {
    add() {
      count += 1;
    },
    read: () => count,
  };
}

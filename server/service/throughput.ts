// Orders per second over the last seconds, from a counter that is looked at now and then.
import type { Clock } from '../log/clock.ts';

const WINDOW_MS = 5000;
const SAMPLE_MS = 500;

export type Throughput = {
  /** The counter stands at `count` now. */
  sample(count: number): void;
  /** Rounded to a tenth; null until there are two samples. */
  read(): number | null;
};

/** A rate over a sliding window of five seconds. */
export function createThroughput(clock: Clock): Throughput {
  let samples: { at: number; count: number }[] = [];
  return {
    sample(count) {
      const at = clock.monotonic();
      const last = samples.at(-1);
      if (last !== undefined && at - last.at < SAMPLE_MS) return;
      const firstInside = samples.findIndex((sample) => at - sample.at <= WINDOW_MS);
      samples = firstInside < 0 ? [] : samples.slice(firstInside);
      samples.push({ at, count });
    },
    read() {
      const first = samples[0];
      const last = samples.at(-1);
      if (first === undefined || last === undefined || first === last) return null;
      return Math.round(((last.count - first.count) / (last.at - first.at)) * 10_000) / 10;
    },
  };
}

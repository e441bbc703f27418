// Counts values by size, so that a reader can tell the usual from the rare.

export type Histogram = {
  /** Upper bounds, rising; a value that equals one lies below it. */
  readonly bounds: readonly number[];
  /** A value, seen so many times. What is no number is not counted. */
  observe(value: number, times?: number): void;
  read(): HistogramReading;
};

export type HistogramReading = {
  /** How many values lie at or below each of the bounds: they add up, as Prometheus has it. */
  readonly cumulative: readonly number[];
  readonly count: number;
  readonly sum: number;
};

/** Nothing seen yet. */
export function createHistogram(bounds: readonly number[]): Histogram {
  const counts = bounds.map(() => 0);
  let count = 0;
  let sum = 0;
  return {
    bounds,
    observe(value, times = 1) {
      if (Number.isNaN(value)) return;
      const at = bounds.findIndex((bound) => value <= bound);
      if (at >= 0) counts[at]! += times;
      count += times;
      sum += value * times;
    },
    read() {
      let below = 0;
      const cumulative = counts.map((each) => {
        below += each;
        return below;
      });
      return { cumulative, count, sum };
    },
  };
}

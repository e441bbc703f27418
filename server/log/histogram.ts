// Counts values by size, so that a reader can tell the usual from the rare.

/** Where a value was seen, so that somebody can look there. */
export type Example = {
  /** Few and short: all names and values together have at most 128 characters. */
  readonly labels: Readonly<Record<string, string>>;
  /** Ms since 1970. */
  readonly at: number;
};

export type Histogram = {
  /** Upper bounds, rising; a value that equals one lies below it. */
  readonly bounds: readonly number[];
  /** A value, seen so many times. What is no number is not counted. `example` says where, if somebody asks. */
  observe(value: number, times?: number, example?: () => Example): void;
  read(): HistogramReading;
};

export type HistogramReading = {
  /** How many values lie at or below each of the bounds: they add up, as Prometheus has it. */
  readonly cumulative: readonly number[];
  readonly count: number;
  readonly sum: number;
  /** The last example of each bucket, and at the end of those above all bounds. */
  readonly examples: readonly ((Example & { readonly value: number }) | undefined)[];
};

/** Nothing seen yet. */
export function createHistogram(bounds: readonly number[]): Histogram {
  const counts = bounds.map(() => 0);
  const examples: { value: number; of: () => Example }[] = [];
  let count = 0;
  let sum = 0;
  return {
    bounds,
    observe(value, times = 1, example) {
      if (Number.isNaN(value)) return;
      const at = bounds.findIndex((bound) => value <= bound);
      if (at >= 0) counts[at]! += times;
      count += times;
      sum += value * times;
      if (example !== undefined) examples[at < 0 ? bounds.length : at] = { value, of: example };
    },
    read() {
      let below = 0;
      const cumulative = counts.map((each) => {
        below += each;
        return below;
      });
      const shown = Array.from({ length: bounds.length + 1 }, (_, at) => {
        const example = examples[at];
        return example && { ...example.of(), value: example.value };
      });
      return { cumulative, count, sum, examples: shown };
    },
  };
}

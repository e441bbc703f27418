// When a log reached which end, so that the age of an order in it is known without reading the order.
// Bounded: the older a partition's backlog, the coarser its age.

/** With more samples than these, they stand twice as far apart. */
const MAX_SAMPLES = 600;

/** `at`: ms since 1970. */
type Sample = { readonly end: number; readonly at: number };

export type EndHistory = {
  /** The log was seen to end at `end`. A shorter log is another one, and its history begins anew. */
  note(end: number, at: number): void;
  /**
   * When the record at `offset` was first seen to stand in the log; `orBefore` when it stood there
   * already at the first look. Null while it does not. Asking forgets what lies below.
   */
  firstAbove(offset: number): { at: number; orBefore: boolean } | null;
};

/** Nothing seen yet. */
export function createEndHistory(): EndHistory {
  let samples: Sample[] = [];
  /** How far apart samples stand at least, but for the newest two; ms. */
  let apart = 0;

  function thin(): void {
    const [first, last] = [samples[0]!, samples.at(-1)!];
    apart = (2 * (last.at - first.at)) / MAX_SAMPLES;
    const kept = [first];
    for (const sample of samples) if (sample.at - kept.at(-1)!.at >= apart) kept.push(sample);
    if (kept.at(-1) !== last) kept.push(last);
    samples = kept;
  }

  return {
    note(end, at) {
      const [before, last] = [samples.at(-2), samples.at(-1)];
      if (last !== undefined && end < last.end) samples = [];
      else if (last?.end === end) return;
      else if (before !== undefined && at - before.at < apart) samples.pop();
      samples.push({ end, at });
      if (samples.length > MAX_SAMPLES) thin();
    },
    firstAbove(offset) {
      const found = samples.findIndex(({ end }) => end > offset);
      if (found < 0) {
        samples = samples.slice(-1);
        return null;
      }
      // One at or below the offset is kept: it says that the record was not there from the start.
      samples = samples.slice(Math.max(0, found - 1));
      if (samples.length < MAX_SAMPLES / 4) apart = 0;
      const first = samples.find(({ end }) => end > offset)!;
      return { at: first.at, orBefore: first === samples[0] };
    },
  };
}

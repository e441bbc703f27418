// Long work in short slices: between two of them the event loop does everything else.
import type { Clock } from './clock.ts';

/** A slice ends at the first pause after so many ms. */
const SLICE_MS = 5;
/** Of items that cost little, so many are worked on between two pauses: some ten microseconds. */
export const PAUSE_EVERY = 512;

/** Work that may pause at every `yield`. */
export type Steps<T> = Generator<undefined, T>;

/** A queue of work: one after the other, so that none sees the half-done work of another. */
export type Slices = {
  /** The result at once when nothing waits and one slice is enough; else a promise of it. */
  run<T>(work: () => Steps<T>): T | Promise<T>;
  /** How many are at work or wait. */
  size(): number;
};

/** A queue that is empty. */
export function createSlices(clock: Clock): Slices {
  let last: Promise<unknown> = Promise.resolve();
  let size = 0;

  function slice<T>(steps: Steps<T>): IteratorResult<undefined, T> {
    const end = clock.monotonic() + SLICE_MS;
    for (;;) {
      const step = steps.next();
      if (step.done || clock.monotonic() >= end) return step;
    }
  }

  async function finish<T>(steps: Steps<T>): Promise<T> {
    for (;;) {
      await clock.breathe();
      const step = slice(steps);
      if (step.done) return step.value;
    }
  }

  return {
    size: () => size,
    run<T>(work: () => Steps<T>) {
      const steps = work();
      if (size === 0) {
        const step = slice(steps);
        if (step.done) return step.value;
      }
      size += 1;
      const result = last.then(() => finish(steps)).finally(() => (size -= 1));
      last = result.catch(() => {});
      return result;
    },
  };
}

/** Sorts in steps: short runs first, which are then merged. Returns a new array. */
export function* sortInSteps<T>(items: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += PAUSE_EVERY) {
    runs.push(items.slice(at, at + PAUSE_EVERY).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(yield* mergeSorted(runs[i]!, runs[i + 1] ?? [], compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

/** Two sorted arrays as one; of equal items those of the first come first. */
export function* mergeSorted<T>(
  a: readonly T[],
  b: readonly T[],
  compare: (a: T, b: T) => number,
): Steps<T[]> {
  const merged: T[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (merged.length % PAUSE_EVERY === 0) yield;
    const takeFirst = j >= b.length || (i < a.length && compare(a[i]!, b[j]!) <= 0);
    merged.push(takeFirst ? a[i++]! : b[j++]!);
  }
  return merged;
}

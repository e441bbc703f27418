// Whether one more order may be given up: when most of a window's orders fail for good, the reason is
// seldom in the orders, and a pause is better than a flood of dead letters.

/** `ratio` 0: everything may be given up. */
export type BreakerLimits = {
  /** Of the orders that ended, given up ones included, no larger share may be given up. */
  readonly ratio: number;
  readonly windowMs: number;
  /** With fewer orders in the window nothing is judged. */
  readonly min: number;
};

export type Breaker = {
  /**
   * An order is about to be given up at `now` (monotonic, ms), when `counted` orders were counted in
   * all. Null: go on; else in words why this one must not be. Within one window never more are let
   * through than `min - 1`, or the share of the window that `ratio` is, if that is more.
   */
  judge(now: number, counted: number): string | null;
  /** Takes note of how many are counted; once in a while is enough. */
  note(now: number, counted: number): void;
  /** Begins a new window. */
  reset(): void;
};

/** The window moves on in so many steps. */
const STEPS = 10;

type Mark = { readonly at: number; readonly counted: number; readonly givenUp: number };

/** A breaker that has seen nothing. */
export function createBreaker({ ratio, windowMs, min }: BreakerLimits): Breaker {
  /** How much there was in all at the beginning of each step; the window begins after the first. */
  let marks: Mark[] = [];
  let givenUp = 0;

  function note(now: number, counted: number): void {
    const last = marks.at(-1);
    if (last !== undefined && now < last.at + windowMs / STEPS) return;
    marks.push({ at: now, counted, givenUp });
    while (marks.length > 1 && marks[1]!.at <= now - windowMs) marks.shift();
  }

  return {
    note(now, counted) {
      if (ratio > 0) note(now, counted);
    },
    judge(now, counted) {
      if (ratio === 0) return null;
      note(now, counted);
      const [first] = marks;
      const failed = givenUp + 1 - first!.givenUp;
      const ended = failed + Math.max(0, counted - first!.counted);
      if (ended >= min && failed > ratio * ended) {
        const seconds = Math.round((now - first!.at) / 100) / 10;
        return `${failed} of ${ended} orders failed for good within ${seconds} s`;
      }
      givenUp += 1;
      return null;
    },
    reset() {
      marks = [];
    },
  };
}

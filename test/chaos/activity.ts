// When an instance was at work on which partition: what a rebalance pause is measured by.
import type { TaskGround } from '../../server/service/own-tasks.ts';

/** From the first to the last order without a gap; times in ms since 1970. */
export type Stretch = {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
};

const GAP_MS = 5;
const REPORT_EVERY_MS = 100;

/** The same ground, which reports every stretch of work when it is over. */
export function withActivity(
  ground: TaskGround,
  report: (stretches: readonly Stretch[]) => void,
): TaskGround {
  const current = new Map<number, { partition: number; first: number; last: number }>();
  let finished: Stretch[] = [];

  setInterval(() => {
    const stretches = [...finished, ...current.values()];
    finished = [];
    current.clear();
    if (stretches.length > 0) report(stretches);
  }, REPORT_EVERY_MS).unref();

  return {
    ...ground,
    handle(order, place, signal) {
      const { partition } = place;
      const now = Date.now();
      const stretch = current.get(partition);
      if (stretch !== undefined && now - stretch.last < GAP_MS) stretch.last = now;
      else {
        if (stretch !== undefined) finished.push(stretch);
        current.set(partition, { partition, first: now, last: now });
      }
      return ground.handle(order, place, signal);
    },
  };
}

/** The longest time that nobody worked on a partition, between two moments. */
export function longestPause(
  stretches: readonly Stretch[],
  partition: number,
  { from, to }: { from: number; to: number },
): number {
  const own = stretches
    .filter((each) => each.partition === partition && each.last >= from && each.first <= to)
    .sort((a, b) => a.first - b.first);
  let longest = 0;
  let workedUntil = from;
  for (const { first, last } of own) {
    longest = Math.max(longest, first - workedUntil);
    workedUntil = Math.max(workedUntil, last);
  }
  return longest;
}

/** What an instance has reported so far. */
export function stretchesIn(lines: readonly string[]): Stretch[] {
  return lines
    .filter((line) => line.includes('"activity"'))
    .flatMap((line) => (JSON.parse(line) as { stretches: Stretch[] }).stretches);
}

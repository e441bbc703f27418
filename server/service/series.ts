// How the last hour went, kept here so that a page that is loaded again shows it at once. One sample a
// second in rings of fixed size; what was not known at a time is a gap, never a 0.
import type { PartitionLag } from '../http/contract.ts';
import type { Series } from '../http/contract-series.ts';
import type { GroupView } from '../view/group-view.ts';

const SAMPLES = 3600;
const MAX_MARKS = 100;
/** Samples come once a second; a longer pause between two of them is a gap. */
const GAP_MS = 2500;
/** Seconds that one point stands for, by range: a chart has at most 240 of them. */
const STEPS = { '2m': 1, '15m': 5, '1h': 15 } as const;
const POINTS = { '2m': 120, '15m': 180, '1h': 240 } as const;

export type SeriesRange = keyof typeof STEPS;

/** What is true at one instant: counters that grow, and the lag; null while it is not known. */
export type Reading = {
  readonly read: number;
  readonly retries: number;
  readonly deadLettered: number;
  readonly lag: number | null;
  /** Who wrote the head checkpoint of each partition; when it changes, partitions have moved. */
  readonly owners: string;
};

/** What the group has come to now; null while that is not known, or not known of all partitions. */
export function readingOf(
  view: Pick<GroupView, 'known' | 'heads'>,
  lag: readonly PartitionLag[],
  old: ReadonlySet<number>,
): Reading | null {
  if (!view.known || old.size > 0) return null;
  const heads = [...view.heads().values()].sort((a, b) => a.partition - b.partition);
  const sum = (of: (head: (typeof heads)[number]) => number) =>
    heads.reduce((total, head) => total + of(head), 0);
  return {
    read: sum(({ nextOffset, start, gaps }) => nextOffset - start - gaps),
    retries: sum(({ retries }) => retries),
    deadLettered: sum(({ deadLettered }) => deadLettered),
    lag: lag.reduce<number | null>(
      (total, each) => (total === null || each.lag === null ? null : total + each.lag),
      0,
    ),
    owners: heads.map(({ owner }) => owner).join(' '),
  };
}

export type SeriesStore = {
  /** `at`: ms since 1970. */
  sample(at: number, reading: Reading | null): void;
  read(range: SeriesRange, now: number): Series;
};

const COUNTERS = ['read', 'retries', 'deadLettered'] as const;
type Column = 'at' | 'lag' | (typeof COUNTERS)[number];

/** Nothing sampled yet; 144 KB. */
export function createSeries(): SeriesStore {
  const columns: Record<Column, Float64Array> = {
    at: new Float64Array(SAMPLES),
    lag: new Float64Array(SAMPLES),
    read: new Float64Array(SAMPLES),
    retries: new Float64Array(SAMPLES),
    deadLettered: new Float64Array(SAMPLES),
  };
  let count = 0;
  let owners: string | null = null;
  let marks: Series['marks'] = [];

  const value = (column: Column, index: number) => columns[column][index % SAMPLES]!;

  /** What a counter grew by each second between two samples; null when it was set back. */
  function rate(counter: (typeof COUNTERS)[number], from: number, to: number): number | null {
    const grown = value(counter, to) - value(counter, from);
    const seconds = (value('at', to) - value('at', from)) / 1000;
    return grown < 0 ? null : Math.round((10 * grown) / seconds) / 10;
  }

  return {
    sample(at, reading) {
      if (reading === null) return;
      // A clock that was set back would put samples before others.
      if (count > 0 && at <= value('at', count - 1)) return;
      const place = count % SAMPLES;
      columns.at[place] = at;
      columns.lag[place] = reading.lag ?? Number.NaN;
      for (const counter of COUNTERS) columns[counter][place] = reading[counter];
      count += 1;
      if (owners !== null && owners !== reading.owners) {
        marks = [...marks, { at: new Date(at).toISOString(), kind: 'rebalance' as const }].slice(
          -MAX_MARKS,
        );
      }
      owners = reading.owners;
    },

    read(range, now) {
      const stepMs = 1000 * STEPS[range];
      const points = POINTS[range];
      const to = Math.floor(now / stepMs) * stepMs;
      const from = to - points * stepMs;
      const empty = () => new Array<number | null>(points).fill(null);
      const [throughput, retries, deadLetters, lag] = [empty(), empty(), empty(), empty()];
      let first = Math.max(0, count - SAMPLES);
      while (first < count && value('at', first) <= from) first += 1;
      for (let index = first; index < count && value('at', index) <= to; ) {
        const point = Math.ceil((value('at', index) - from) / stepMs) - 1;
        let last = index;
        const end = from + (point + 1) * stepMs;
        while (last + 1 < count && value('at', last + 1) <= end) last += 1;
        const before = index - 1;
        const joins =
          before >= Math.max(0, count - SAMPLES) &&
          value('at', index) - value('at', before) < GAP_MS;
        const start = joins ? before : index;
        if (start < last) {
          throughput[point] = rate('read', start, last);
          retries[point] = rate('retries', start, last);
          deadLetters[point] = rate('deadLettered', start, last);
        }
        const behind = value('lag', last);
        lag[point] = Number.isNaN(behind) ? null : behind;
        index = last + 1;
      }
      const since = new Date(from).toISOString();
      return {
        step: STEPS[range],
        to: new Date(to).toISOString(),
        throughput,
        retries,
        deadLetters,
        lag,
        marks: marks.filter(({ at }) => at > since),
      };
    },
  };
}

// Offsets in ranges, so many that a checkpoint can carry them: when there are too many ranges the two
// oldest become one, of which only the number of its offsets is known.

/** Offsets from `from` up to, not including, `to`. */
export type OffsetRange = { readonly from: number; readonly to: number };

/** `count` of the offsets in the range; all of them unless ranges were put together. */
export type CountedRange = OffsetRange & { readonly count: number };

/** In order, without overlap. */
export type OffsetRanges = CountedRange[];

/** Ranges that are kept apart; 24 bytes each in a checkpoint at the most. */
export const MAX_RANGES = 2048;

/** How many offsets the ranges hold. */
export function countOf(ranges: readonly CountedRange[]): number {
  return ranges.reduce((sum, { count }) => sum + count, 0);
}

/** Adds the offsets of a range, none of which may be there already. */
export function addRange(ranges: OffsetRanges, from: number, to: number): void {
  if (from >= to) return;
  const at = indexAfter(ranges, from);
  const before = ranges[at - 1];
  if (before !== undefined && from < before.to) {
    ranges[at - 1] = { ...before, count: before.count + to - from };
    return;
  }
  ranges.splice(at, 0, { from, to, count: to - from });
  joinExact(ranges, at);
  joinExact(ranges, at - 1);
  if (ranges.length > MAX_RANGES) joinOldest(ranges);
}

/** Whether an offset is in the ranges; `unknown` where ranges were put together. */
export function look(ranges: readonly CountedRange[], offset: number): 'in' | 'out' | 'unknown' {
  const range = ranges[indexAfter(ranges, offset) - 1];
  if (range === undefined || offset >= range.to) return 'out';
  return isExact(range) ? 'in' : 'unknown';
}

/** Takes out an offset that is in the ranges; where ranges were put together there is one less of them. */
export function takeOut(ranges: OffsetRanges, offset: number): void {
  const at = indexAfter(ranges, offset) - 1;
  const range = ranges[at]!;
  const { from, to, count } = range;
  if (!isExact(range)) {
    ranges.splice(at, 1, ...(count > 1 ? [{ from, to, count: count - 1 }] : []));
    return;
  }
  const parts = [
    { from, to: offset },
    { from: offset + 1, to },
  ];
  const rest = parts.filter((part) => part.from < part.to);
  ranges.splice(at, 1, ...rest.map((part) => ({ ...part, count: part.to - part.from })));
  if (ranges.length > MAX_RANGES) joinOldest(ranges);
}

/** Whether they are ranges in order between two offsets, each with as many offsets as it can have. */
export function areRanges(ranges: readonly CountedRange[], low: number, high: number): boolean {
  let end = low;
  for (const { from, to, count } of ranges) {
    if (from < end || to > high || count < 1 || count > to - from) return false;
    end = to;
  }
  return true;
}

/** Whether all offsets of the range are in it, so that it may be passed over. */
export function isExact({ from, to, count }: CountedRange): boolean {
  return count === to - from;
}

/** Index of the first range that begins above `offset`. */
function indexAfter(ranges: readonly CountedRange[], offset: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]!.from <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts the range at `at` and the next one together when nothing is between them. */
function joinExact(ranges: OffsetRanges, at: number): void {
  const first = ranges[at];
  const next = ranges[at + 1];
  if (first === undefined || next === undefined || first.to !== next.from) return;
  if (isExact(first) && isExact(next)) join(ranges, at);
}

function joinOldest(ranges: OffsetRanges): void {
  join(ranges, 0);
}

function join(ranges: OffsetRanges, at: number): void {
  const [first, next] = ranges.slice(at, at + 2) as [CountedRange, CountedRange];
  ranges.splice(at, 2, { from: first.from, to: next.to, count: first.count + next.count });
}

// Where to begin reading a segment of a log: one entry per 4 KiB, each at the start of a batch.

/** Entries are at least this far apart. */
export const INDEX_GAP = 4096;

export type SparseIndex = ReturnType<typeof createSparseIndex>;

/** An index of one segment, filled in the order of the log. */
export function createSparseIndex() {
  const offsets: number[] = [];
  const positions: number[] = [];
  /** The latest timestamp from this entry up to the next. */
  const times: number[] = [];

  /** The last entry whose value is at most `wanted`; the first entry when there is none. */
  function floor(values: readonly number[], wanted: number): number {
    let low = 0;
    let high = values.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (values[middle]! <= wanted) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  return {
    add(offset: number, position: number, time: number): void {
      const last = positions.length - 1;
      if (last >= 0 && position - positions[last]! < INDEX_GAP) {
        if (time > times[last]!) times[last] = time;
        return;
      }
      offsets.push(offset);
      positions.push(position);
      times.push(time);
    },
    /** The start of a batch at or before the one that holds `offset`, at most about 4 KiB before. */
    positionOf: (offset: number) => positions[floor(offsets, offset)] ?? 0,
    /** The last known start of a batch at or before `position`. */
    boundary: (position: number) => positions[floor(positions, position)] ?? 0,
    /**
     * Where to look for a record of `time` or later: the entries from `position` on after which, up to the
     * next entry, there is such a record.
     */
    positionsAt: (time: number, position: number) =>
      positions.filter((at, i) => at >= position && times[i]! >= time),
  };
}

// Which orders were redriven, as the heads of all partitions tell it: a letter may be read after it was
// redriven.
import { indexAtOrAbove } from '../log/packed-offsets.ts';

/** Offsets of orders, ascending: many that stay the same, and those that have come since. */
export type RedrivenOffsets = { readonly base: Float64Array; readonly since: Float64Array };

export type RedrivenOrders = {
  /** Takes the place of what was known of the partition; the result are the arrays with what is new. */
  set(partition: number, offsets: RedrivenOffsets): Float64Array[];
  /** -1, the origin of a letter that has no order of ours, was never redriven. */
  has(partition: number, origin: number): boolean;
};

/** None yet. */
export function createRedrivenOrders(): RedrivenOrders {
  const byPartition = new Map<number, RedrivenOffsets>();
  return {
    set(partition, offsets) {
      const before = byPartition.get(partition);
      byPartition.set(partition, offsets);
      const { base, since } = offsets;
      return base === before?.base ? [since] : [base, since];
    },
    has(partition, origin) {
      const offsets = byPartition.get(partition);
      if (offsets === undefined || origin < 0) return false;
      return isIn(offsets.base, origin) || isIn(offsets.since, origin);
    },
  };
}

function isIn(sorted: Float64Array, offset: number): boolean {
  return sorted[indexAtOrAbove(sorted, offset)] === offset;
}

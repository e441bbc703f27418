// A set of offsets at 8 bytes each: a sorted array and a small set of newcomers that is merged into
// it now and then.

export type OffsetSet = {
  readonly size: number;
  has(offset: number): boolean;
  /** False when it was there already. */
  add(offset: number): boolean;
  /** The least member at or above `offset`; Infinity when there is none. */
  next(offset: number): number;
};

const MAX_RECENT = 4096;

/** An empty set. */
export function createOffsetSet(): OffsetSet {
  let sorted = new Float64Array(0);
  const recent = new Set<number>();

  /** Index of the least sorted member at or above `offset`. */
  function indexOf(offset: number): number {
    let from = 0;
    let to = sorted.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (sorted[middle]! < offset) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  function has(offset: number): boolean {
    return recent.has(offset) || sorted[indexOf(offset)] === offset;
  }

  function mergeRecent(): void {
    const added = Float64Array.from(recent).sort();
    const merged = new Float64Array(sorted.length + added.length);
    for (let i = 0, s = 0, a = 0; i < merged.length; i += 1) {
      const fromSorted = a >= added.length || (s < sorted.length && sorted[s]! < added[a]!);
      merged[i] = fromSorted ? sorted[s++]! : added[a++]!;
    }
    sorted = merged;
    recent.clear();
  }

  return {
    get size() {
      return sorted.length + recent.size;
    },
    has,
    add(offset) {
      if (has(offset)) return false;
      recent.add(offset);
      if (recent.size > MAX_RECENT) mergeRecent();
      return true;
    },
    next(offset) {
      if (recent.size > 0) mergeRecent();
      return sorted[indexOf(offset)] ?? Number.POSITIVE_INFINITY;
    },
  };
}

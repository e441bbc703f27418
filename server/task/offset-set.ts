// A set of offsets at 8 bytes each: a sorted array and a small set of newcomers that is merged into
// it now and then.
import { indexAtOrAbove, packOffsets, unpackOffsets } from '../log/packed-offsets.ts';

export type OffsetSet = {
  readonly size: number;
  has(offset: number): boolean;
  /** False when it was there already. */
  add(offset: number): boolean;
  /** The least member at or above `offset`; Infinity when there is none. */
  next(offset: number): number;
  /** Its members, as `createOffsetSet` takes them. */
  pack(): Buffer;
};

const MAX_RECENT = 4096;

/** A set of what was packed. @throws {RangeError} when that makes no sense */
export function createOffsetSet(packed: Buffer = Buffer.alloc(0)): OffsetSet {
  let sorted = unpackOffsets(packed);
  const recent = new Set<number>();

  function has(offset: number): boolean {
    return recent.has(offset) || sorted[indexAtOrAbove(sorted, offset)] === offset;
  }

  function mergeRecent(): void {
    if (recent.size === 0) return;
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
      mergeRecent();
      return sorted[indexAtOrAbove(sorted, offset)] ?? Number.POSITIVE_INFINITY;
    },
    pack() {
      mergeRecent();
      return packOffsets(sorted);
    },
  };
}

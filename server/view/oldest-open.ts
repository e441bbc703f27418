// The oldest dead letters that nobody has acted on yet. A letter that was acted on never becomes open
// again, so no letter is looked at twice once it is passed.
import { type Chunk, FLAG, type LetterColumns } from './letter-columns.ts';

/** Where the next look at a partition begins. */
type From = { readonly serial: number; readonly at: number };

/**
 * The earliest of the times of the first open letter of each partition, in the order of arrival; ms since
 * 1970, null when none is open. Second letters for an order, and those that tell no time, are passed over.
 */
export function createOldestOpen(
  isOpen: (chunk: Chunk, at: number) => boolean,
): (partitions: Iterable<LetterColumns>) => number | null {
  const seen = new WeakMap<LetterColumns, From>();

  function oldestOf(columns: LetterColumns): number | null {
    const from = seen.get(columns) ?? { serial: 0, at: 0 };
    let next = from;
    for (const chunk of columns.chunks) {
      if (chunk.serial < from.serial) continue;
      const first = Math.max(chunk.first, chunk.serial === from.serial ? from.at : 0);
      for (let at = first; at < chunk.size; at += 1) {
        const counts = (chunk.flags[at]! & (FLAG.copy | FLAG.timeless)) === 0;
        if (!counts || !isOpen(chunk, at)) continue;
        seen.set(columns, { serial: chunk.serial, at });
        return chunk.times[at]!;
      }
      next = { serial: chunk.serial, at: chunk.size };
    }
    seen.set(columns, next);
    return null;
  }

  return (partitions) => {
    let oldest: number | null = null;
    for (const columns of partitions) {
      const time = oldestOf(columns);
      if (time !== null && (oldest === null || time < oldest)) oldest = time;
    }
    return oldest;
  };
}

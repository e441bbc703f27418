// Orders that were sent again and are not known to the ledger yet: all redrives of a partition look here
// before they send one.

export type SentAhead = {
  readonly size: number;
  has(origin: number): boolean;
  /** It is about to be sent. */
  add(origin: number): void;
  /** They stand in orders, below `end`. */
  written(origins: readonly number[], end: number): void;
  /** It was refused. */
  forget(origin: number): void;
  /** The ledger knows all that stands below `nextOffset`. */
  seen(nextOffset: number): void;
};

/** Nothing is sent. */
export function createSentAhead(): SentAhead {
  const origins = new Set<number>();
  let batches: { readonly origins: readonly number[]; readonly end: number }[] = [];
  return {
    get size() {
      return origins.size;
    },
    has: (origin) => origins.has(origin),
    add: (origin) => void origins.add(origin),
    written: (written, end) => void batches.push({ origins: written, end }),
    forget: (origin) => void origins.delete(origin),
    seen(nextOffset) {
      if (batches.length === 0 || !batches.some(({ end }) => end <= nextOffset)) return;
      for (const batch of batches) {
        if (batch.end <= nextOffset) for (const origin of batch.origins) origins.delete(origin);
      }
      batches = batches.filter(({ end }) => end > nextOffset);
    },
  };
}

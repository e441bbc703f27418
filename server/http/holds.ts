// How much memory is held by answers that are still being sent: counted are bytes, not answers, and a body
// that is sent to many counts once.

/** Two hundred snapshots of different instants, or four whole tables of 300,000 products. */
export const MAX_SENT_BYTES = 64 * 2 ** 20;

export type Holds = {
  /** Counts `bytes` for `held` until the result is called; null when there is no room. */
  hold(held: object, bytes: number): (() => void) | null;
};

/** Nothing held yet. What is larger than the whole room is admitted when nothing else is held. */
export function createHolds(maxBytes: number): Holds {
  const holders = new Map<object, number>();
  let size = 0;
  return {
    hold(held, bytes) {
      const known = holders.get(held) ?? 0;
      if (known === 0) {
        if (size > 0 && size + bytes > maxBytes) return null;
        size += bytes;
      }
      holders.set(held, known + 1);
      let released = false;
      return () => {
        if (released) return;
        released = true;
        const left = (holders.get(held) ?? 1) - 1;
        if (left > 0) return void holders.set(held, left);
        holders.delete(held);
        size -= bytes;
      };
    },
  };
}

// What all connections together may hold: requests that have not arrived whole, and answers that are
// not fetched. Who holds most is closed first, so that nobody is hurt by what another left lying.

export const MAX_HELD_BYTES = 256 * 1024 * 1024;

type Holder = { bytes: number; readonly drop: () => void };

export type Memory = ReturnType<typeof createMemory>;

/** Keeps the sum of what is held below `limit` bytes. */
export function createMemory(limit = MAX_HELD_BYTES) {
  const holders = new Set<Holder>();
  let used = 0;

  function change(holder: Holder, bytes: number): void {
    used += bytes - holder.bytes;
    holder.bytes = bytes;
  }

  return {
    left: () => limit - used,
    /** A holder that holds nothing yet; when it has to give up all that it holds, `drop` is called. */
    join(drop: () => void) {
      const holder: Holder = { bytes: 0, drop };
      holders.add(holder);
      return {
        hold(bytes: number): void {
          if (!holders.has(holder)) return;
          change(holder, bytes);
          while (used > limit) {
            const largest = [...holders].reduce((a, b) => (b.bytes > a.bytes ? b : a));
            change(largest, 0);
            holders.delete(largest);
            largest.drop();
          }
        },
        leave(): void {
          change(holder, 0);
          holders.delete(holder);
        },
      };
    },
  };
}

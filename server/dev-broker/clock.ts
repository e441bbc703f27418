/** How often the groups look for members that have fallen silent. */
export const TICK_MS = 100;

/**
 * Time in ms that stands still while the process does (a breakpoint, a sleeping laptop, long work):
 * every deadline moves by as long as nobody could have met it. Looked at every `TICK_MS`.
 */
export function createClock(read: () => number): () => number {
  let last = read();
  let time = 0;
  return () => {
    const now = read();
    time += Math.max(0, Math.min(now - last, 2 * TICK_MS));
    last = now;
    return time;
  };
}

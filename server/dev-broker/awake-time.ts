/** How often the groups look for members that have fallen silent. */
export const TICK_MS = 100;

/**
 * Time in ms that counts only while this process runs. While it stands still (a breakpoint, a sleeping
 * laptop, long work) nobody's heartbeat can be answered, so that time must not let members expire. To be
 * read every `TICK_MS`.
 */
export function createAwakeTime(read: () => number): () => number {
  let last = read();
  let time = 0;
  return () => {
    const now = read();
    time += Math.max(0, Math.min(now - last, 2 * TICK_MS));
    last = now;
    return time;
  };
}

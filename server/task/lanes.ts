// Who may be handled now when order matters: of the items with one key only the first, the others
// stand in line behind it.
import { createLine, type Line } from './line.ts';

export type Lanes<T> = {
  /** Whether somebody with this key has not left yet. */
  isBusy(key: string): boolean;
  /** Takes the lane when it is free (true), or stands in line. */
  enter(key: string, item: T): boolean;
  /** The first one is done; whose turn it is now, if anybody waits. */
  leave(key: string): T | undefined;
};

/** Empty lanes. */
export function createLanes<T>(): Lanes<T> {
  /** Busy keys; null where nobody waits, because most lanes never see a second item. */
  const lanes = new Map<string, Line<T> | null>();
  return {
    isBusy: (key) => lanes.has(key),
    enter(key, item) {
      const line = lanes.get(key);
      if (line === undefined) {
        lanes.set(key, null);
        return true;
      }
      const waiting = line ?? createLine<T>();
      waiting.push(item);
      lanes.set(key, waiting);
      return false;
    },
    leave(key) {
      const item = lanes.get(key)?.shift();
      if (item === undefined) lanes.delete(key);
      return item;
    },
  };
}

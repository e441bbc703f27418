// Who may be handled now when order matters: of the items with one key only the first, the others
// stand in line behind it.
import { createLine, type Line } from './line.ts';

export type Lanes<T> = {
  /** Whether somebody with this key has not left yet. */
  isBusy(key: string): boolean;
  /** Takes the lane when it is free (true), or stands in line. */
  enter(key: string, item: T): boolean;
  /** Whose turn it is after `item`, if anybody waits. Nothing happens when `item` is not the first. */
  leave(key: string, item: T): T | undefined;
};

/** Empty lanes. */
export function createLanes<T>(): Lanes<T> {
  const first = new Map<string, T>();
  /** Only where somebody waits, because most lanes never see a second item. */
  const behind = new Map<string, Line<T>>();
  return {
    isBusy: (key) => first.has(key),
    enter(key, item) {
      if (!first.has(key)) {
        first.set(key, item);
        return true;
      }
      const line = behind.get(key) ?? createLine<T>();
      line.push(item);
      behind.set(key, line);
      return false;
    },
    leave(key, item) {
      if (first.get(key) !== item) return undefined;
      const line = behind.get(key);
      const next = line?.shift();
      if (next === undefined) first.delete(key);
      else first.set(key, next);
      if (line?.length === 0) behind.delete(key);
      return next;
    },
  };
}

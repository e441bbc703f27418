// Items that wait for their turn, first in, first out.

export type Line<T> = {
  readonly length: number;
  push(item: T): void;
  /** Takes the first one out; undefined when nobody waits. */
  shift(): T | undefined;
};

const COMPACT_AT = 1024;

/** An empty line. An array alone would move all of a hundred thousand items for each one taken out. */
export function createLine<T>(): Line<T> {
  let items: T[] = [];
  let next = 0;
  return {
    get length() {
      return items.length - next;
    },
    push: (item) => void items.push(item),
    shift() {
      const item = items[next];
      if (next < items.length) next += 1;
      if (next >= COMPACT_AT && next * 2 >= items.length) {
        items = items.slice(next);
        next = 0;
      }
      return item;
    },
  };
}

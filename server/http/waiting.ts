// Those who wait for one and the same thing.

export type Waiters<T> = {
  size(): number;
  wait(): Promise<T>;
  /** Gives it to all who wait now; who comes later waits anew. */
  give(value: T): void;
  /** Tells all who wait now that it does not come. */
  refuse(error: unknown): void;
};

/** Nobody waits. */
export function createWaiters<T>(): Waiters<T> {
  let waiting: { resolve: (value: T) => void; reject: (error: unknown) => void }[] = [];

  function takeAll() {
    const all = waiting;
    waiting = [];
    return all;
  }

  return {
    size: () => waiting.length,
    wait: () => new Promise((resolve, reject) => waiting.push({ resolve, reject })),
    give(value) {
      for (const { resolve } of takeAll()) resolve(value);
    },
    refuse(error) {
      for (const { reject } of takeAll()) reject(error);
    },
  };
}

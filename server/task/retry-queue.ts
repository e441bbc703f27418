// Orders waiting for their next attempt, by the millisecond in which they are due, and one timer.
import type { Clock } from '../log/clock.ts';

/** On the monotonic clock. */
type Due = { readonly dueAt: number };

export type RetryQueue<T extends Due> = {
  add(item: T): void;
  /** Forgets everything and calls nobody again. */
  close(): void;
};

/** How many due items are handed out before others get their turn. */
const SLICE = 512;

/** A queue that calls `onDue` with each item when its time has come. */
export function createRetryQueue<T extends Due>(deps: {
  clock: Clock;
  onDue: (item: T) => void;
}): RetryQueue<T> {
  const { clock, onDue } = deps;
  /** A heap of the milliseconds in which somebody is due: far fewer than there are items. */
  const times: number[] = [];
  const dueIn = new Map<number, T[]>();
  /** Those of one millisecond that are being handed out, from `next` on. */
  let current: T[] = [];
  let next = 0;
  let cancel: (() => void) | null = null;
  let wakeAt = Number.POSITIVE_INFINITY;

  function schedule(): void {
    const dueAt = times[0] ?? Number.POSITIVE_INFINITY;
    if (dueAt >= wakeAt) return;
    cancel?.();
    wakeAt = dueAt;
    cancel = clock.after(Math.max(0, dueAt - clock.monotonic()), wake);
  }

  function wake(): void {
    wakeAt = Number.POSITIVE_INFINITY;
    cancel = null;
    const now = clock.monotonic();
    for (let left = SLICE; left > 0; left -= 1) {
      const item = take(now);
      if (item === undefined) {
        schedule();
        return;
      }
      onDue(item);
    }
    goOn();
  }

  function take(now: number): T | undefined {
    if (next === current.length) {
      if (times.length === 0 || times[0]! > now) return undefined;
      const time = removeFirst(times);
      current = dueIn.get(time)!;
      dueIn.delete(time);
      next = 0;
    }
    const item = current[next++];
    if (next === current.length) forgetCurrent();
    return item;
  }

  function forgetCurrent(): void {
    current = [];
    next = 0;
  }

  /** More may be due already: a timer would leave the machine idle for a millisecond after each slice. */
  function goOn(): void {
    let open = true;
    wakeAt = Number.NEGATIVE_INFINITY;
    cancel = () => {
      open = false;
    };
    void clock.breathe().then(() => {
      if (open) wake();
    });
  }

  return {
    add(item) {
      const time = Math.ceil(item.dueAt);
      const others = dueIn.get(time);
      if (others !== undefined) {
        others.push(item);
        return;
      }
      dueIn.set(time, [item]);
      insert(times, time);
      schedule();
    },
    close() {
      cancel?.();
      times.length = 0;
      dueIn.clear();
      forgetCurrent();
      wakeAt = Number.NEGATIVE_INFINITY;
    },
  };
}

function insert(heap: number[], item: number): void {
  let at = heap.length;
  heap.push(item);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent]! <= item) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = item;
}

function removeFirst(heap: number[]): number {
  const first = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child += 1;
    if (heap[child]! >= last) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return first;
}

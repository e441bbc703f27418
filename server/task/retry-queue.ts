// Orders waiting for their next attempt: a binary heap by due time and one timer.
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
  const heap: T[] = [];
  let cancel: (() => void) | null = null;
  let wakeAt = Number.POSITIVE_INFINITY;

  function schedule(): void {
    const dueAt = heap[0]?.dueAt ?? Number.POSITIVE_INFINITY;
    if (dueAt >= wakeAt) return;
    cancel?.();
    wakeAt = dueAt;
    cancel = clock.after(Math.max(0, dueAt - clock.monotonic()), wake);
  }

  function wake(): void {
    wakeAt = Number.POSITIVE_INFINITY;
    cancel = null;
    const now = clock.monotonic();
    for (let i = 0; i < SLICE && heap.length > 0 && heap[0]!.dueAt <= now; i += 1) {
      onDue(removeFirst(heap));
    }
    if (heap.length > 0 && heap[0]!.dueAt <= now) goOn();
    else schedule();
  }

  /** More is due already: a timer would leave the machine idle for a millisecond after each slice. */
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
      insert(heap, item);
      schedule();
    },
    close() {
      cancel?.();
      heap.length = 0;
      wakeAt = Number.NEGATIVE_INFINITY;
    },
  };
}

function insert<T extends Due>(heap: T[], item: T): void {
  let at = heap.length;
  heap.push(item);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent]!.dueAt <= item.dueAt) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = item;
}

function removeFirst<T extends Due>(heap: T[]): T {
  const first = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]!.dueAt < heap[child]!.dueAt) child += 1;
    if (heap[child]!.dueAt >= last.dueAt) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return first;
}

// The handler's calls that are under way: at most so many at once, each bounded in time, all of them
// told to end when the partition is closed.
import type { Clock } from '../log/clock.ts';

/** Where a record stands: an idempotency key, because it may be handled more than once. */
export type Place = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** 1 for the first try. */
  readonly attempt: number;
};

/**
 * Handles one value; done when it returns or, when it returns a promise, when that resolves. `signal`
 * fires when the call takes too long or the partition is closed: a handler passes it to whatever it
 * waits for, such as `fetch`. What it throws decides (task/failure.ts has the table): what may pass is
 * tried again with backoff, a PermanentError makes the value a dead letter, a programmer's error stops
 * the partition.
 */
export type Handle<Value> = (
  value: Value,
  place: Place,
  signal: AbortSignal,
) => void | PromiseLike<void>;

export type Calls<Value> = {
  /** Calls that have not ended. */
  readonly size: number;
  /** Whether one more may begin. */
  readonly hasRoom: boolean;
  /**
   * Calls the handler; undefined when it is done already. The promise rejects with what the handler
   * rejected with, or with a TimeoutError when it took too long. Throws what the handler throws.
   */
  begin(value: Value, place: Place): undefined | Promise<void>;
  /** Fires every signal; resolves when all calls have ended, or after `withinMs`. */
  close(withinMs: number): Promise<void>;
};

/** No calls yet. `timeoutMs` bounds one of them; `onRoom` is called after each end. */
export function createCalls<Value>(deps: {
  handle: Handle<Value>;
  concurrency: number;
  timeoutMs: number;
  clock: Clock;
  onRoom: () => void;
}): Calls<Value> {
  const { handle, concurrency, timeoutMs, clock, onRoom } = deps;
  const open = new Map<AbortController, Promise<void>>();
  /** Asked before every record, so not counted anew. */
  let hasRoom = concurrency > 0;
  // To make one for each call would cost more than most handlers do: whoever returns no promise
  // leaves it for the next call.
  let spare = new AbortController();
  let { signal } = spare;

  async function end(controller: AbortController, result: PromiseLike<void>): Promise<void> {
    let cancel = () => {};
    try {
      await new Promise<void>((resolve, reject) => {
        cancel = clock.after(timeoutMs, () => {
          const error = new DOMException(`no end after ${timeoutMs} ms`, 'TimeoutError');
          // First the answer, then the signal: what the handler makes of it comes too late to count.
          reject(error);
          controller.abort(error);
        });
        // A thenable may throw when it is asked: a promise turns that into a rejection.
        Promise.resolve(result).then(resolve, reject);
      });
    } finally {
      cancel();
      open.delete(controller);
      hasRoom = open.size < concurrency;
      onRoom();
    }
  }

  return {
    get size() {
      return open.size;
    },
    get hasRoom() {
      return hasRoom;
    },
    begin(value, place) {
      const result = handle(value, place, signal);
      // The quick way out: most handlers return nothing.
      if (result === undefined || !isThenable(result)) return undefined;
      const controller = spare;
      spare = new AbortController();
      ({ signal } = spare);
      const ended = end(controller, result);
      open.set(controller, ended);
      hasRoom = open.size < concurrency;
      return ended;
    },
    async close(withinMs) {
      const reason = new DOMException('the partition is closed', 'AbortError');
      for (const controller of open.keys()) controller.abort(reason);
      if (open.size === 0) return;
      let cancel = () => {};
      const deadline = new Promise<void>((resolve) => {
        cancel = clock.after(withinMs, resolve);
      });
      await Promise.race([Promise.allSettled(open.values()), deadline]);
      cancel();
    },
  };
}

function isThenable(result: void | PromiseLike<void>): result is PromiseLike<void> {
  return typeof (result as { then?: unknown } | undefined | null)?.then === 'function';
}

// The handler's calls that are under way: at most so many at once, each bounded in time, all of them
// told to end when the partition is closed.
import { isError } from '../errors.ts';
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
 * the partition. An Error that it returns means the same as one that it throws, and costs less
 * where many orders fail.
 */
export type Handle<Value> = (value: Value, place: Place, signal: AbortSignal) => Handled;

/** What a handler returns: nothing, why it failed, or a promise of its end. */
export type Handled = Nothing | Error | PromiseLike<void>;
type Nothing = ReturnType<() => void>;

/** A call that has ended already, without success. */
export class FailedCall {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

/** What a call comes to: undefined when it is done already, or a promise that rejects with why it failed. */
export type Called = undefined | FailedCall | Promise<void>;

export type Calls<Value> = {
  /** Calls that have not ended. */
  readonly size: number;
  /** Whether one more may begin. */
  readonly hasRoom: boolean;
  /** Calls the handler, and throws nothing. The promise rejects with a TimeoutError when it takes too long. */
  begin(value: Value, place: Place): Called;
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

  async function end(controller: AbortController, result: PromiseLike<unknown>): Promise<void> {
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
        Promise.resolve(result).then(
          // It may come to anything: what is no error means nothing.
          (handled) => (isError(handled) ? reject(handled) : resolve()),
          reject,
        );
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
      let result: Handled;
      try {
        result = handle(value, place, signal);
      } catch (error) {
        return new FailedCall(error);
      }
      // The quick way out: most handlers return nothing.
      if (result === undefined) return undefined;
      if (!isThenable(result)) return isError(result) ? new FailedCall(result) : undefined;
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

function isThenable(result: Handled): result is PromiseLike<void> {
  return typeof (result as { then?: unknown } | undefined | null)?.then === 'function';
}

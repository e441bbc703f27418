// Records whose handler has been called and has not ended: they wait as all others do, and keep room in
// what is folded meanwhile.
import type { Ledger } from './ledger.ts';
import type { Pending } from './pending.ts';

export type InFlight<Value> = {
  has(pending: Pending): boolean;
  /** How many of them are still pending. */
  count(): number;
  /** Follows a call to its end. */
  follow(pending: Pending, value: Value, call: Promise<void>): void;
};

/**
 * No calls yet. Of each that has ended one hears: `settled` or `failed` when its record is still pending,
 * else `gone`: its dead letter was read, or the task has been closed. `onFailed` hears what they throw.
 */
export function createInFlight<Value>(deps: {
  ledger: Pick<Ledger<Value, unknown>, 'reserve' | 'release'>;
  isPending: (pending: Pending) => boolean;
  settled: (pending: Pending, value: Value) => void;
  failed: (pending: Pending, error: unknown) => void;
  gone: (pending: Pending) => void;
  onFailed: (error: unknown) => void;
}): InFlight<Value> {
  const { ledger, isPending, settled, failed, gone, onFailed } = deps;
  const called = new Set<Pending>();

  function end(pending: Pending, value: Value, conclude: () => void): void {
    called.delete(pending);
    ledger.release(value);
    if (isPending(pending)) conclude();
    else gone(pending);
  }

  return {
    has: (pending) => called.has(pending),
    count: () => [...called].filter(isPending).length,
    follow(pending, value, call) {
      called.add(pending);
      ledger.reserve(value);
      call
        .then(
          () => end(pending, value, () => settled(pending, value)),
          (error: unknown) => end(pending, value, () => failed(pending, error)),
        )
        .catch(onFailed);
    },
  };
}

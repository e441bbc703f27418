// Readers and handlers whose waits are noted in a Progress.
import type { Clock } from '../log/clock.ts';
import type { LogReader } from '../log/ports.ts';
import type { Progress } from '../log/progress.ts';
import type { Handle } from './calls.ts';

/** The same reader: notes how long each partition waits for Kafka, and for its follower. */
export function watchReader(reader: LogReader, progress: Progress): LogReader {
  return {
    ...reader,
    async bounds(tp) {
      const asking = progress.begin('read', tp);
      try {
        return await reader.bounds(tp);
      } finally {
        asking.done();
      }
    },
    follow(tp, from, follower) {
      let open = true;
      let step = progress.begin('read', tp);
      const end = () => {
        open = false;
        step.done();
      };
      const following = reader.follow(tp, from, {
        async records(set) {
          step.done();
          if (open) step = progress.begin('work', tp);
          try {
            await follower.records(set);
          } finally {
            step.done();
            if (open) step = progress.begin('read', tp);
          }
        },
        outOfRange: (position, bounds) => follower.outOfRange(position, bounds),
        failed(error) {
          end();
          follower.failed(error);
        },
      });
      return {
        close() {
          end();
          following.close();
        },
      };
    },
  };
}

/** The same handler: notes how long each of its promises has been waiting; `ended` hears how long in all, ms. */
export function watchHandler<Value>(
  handle: Handle<Value>,
  progress: Progress,
  clock: Pick<Clock, 'monotonic'>,
  ended: (ms: number) => void,
): Handle<Value> {
  return (value, place, signal) => {
    const handled = handle(value, place, signal);
    if (!isThenable(handled)) return handled;
    const { topic, partition, offset } = place;
    const call = progress.begin('handle', { topic, partition }, offset);
    const startedAt = clock.monotonic();
    return Promise.resolve(handled).finally(() => {
      call.done();
      ended(clock.monotonic() - startedAt);
    });
  };
}

function isThenable(value: unknown): value is PromiseLike<void> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

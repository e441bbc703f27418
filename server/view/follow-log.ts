// Following a log from near its end for good, and knowing when all of it has been read.
import { abortable } from '../log/abortable.ts';
import type { Clock } from '../log/clock.ts';
import type { LogReader, Subscription, TopicPartition } from '../log/ports.ts';
import { walk } from '../log/walk.ts';
import type { RecordCursor } from '../record-batch/reader.ts';

/** Who looks at the records of a log. */
export type Looker = {
  /** The next record of a partition; a promise when the one behind it has to wait. */
  visit(partition: number, cursor: RecordCursor): void | Promise<void>;
  /** The partition was read up to an offset. */
  readUpTo?(partition: number, end: number): void;
  /** The partition is followed no more. */
  failed(partition: number, error: unknown): void;
};

/**
 * Follows a log from the last `backlog` offsets on, until `signal` is aborted. Resolves when what stood in
 * it at the call has been read, or when it cannot be followed; rejects when the signal is aborted before.
 */
export async function followLog(
  { reader, clock, signal }: { reader: LogReader; clock: Clock; signal: AbortSignal },
  tp: TopicPartition,
  backlog: number,
  looker: Looker,
): Promise<void> {
  const { low, high } = await abortable(signal, reader.bounds(tp));
  let position = Math.max(low, high - backlog);
  let subscription: Subscription | undefined;
  signal.addEventListener('abort', () => subscription?.close(), { once: true });
  const caughtUp = new Promise<void>((resolve) => {
    subscription = reader.follow(tp, position, {
      async records(set) {
        position = await walk(set, position, clock, (cursor) => {
          signal.throwIfAborted();
          return looker.visit(tp.partition, cursor) ?? undefined;
        });
        looker.readUpTo?.(tp.partition, position);
        if (position >= Math.min(high, set.lastStableOffset)) resolve();
      },
      outOfRange: (_position, bounds) => (position = bounds.low),
      failed(error) {
        looker.failed(tp.partition, error);
        resolve();
      },
    });
  });
  return abortable(signal, caughtUp);
}

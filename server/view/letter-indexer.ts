// Reads the dead-letter topic from its beginning into the index, and goes on with what comes. Nothing
// waits for it: whoever looks is told how far it is.
import { describe } from '../errors.ts';
import type { Clock } from '../log/clock.ts';
import type { LogReader, Subscription } from '../log/ports.ts';
import { createSlices } from '../log/slices.ts';
import { recreated, walk } from '../log/walk.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import type { DeadLetterIndex, IndexedLetter } from './dead-letter-index.ts';

/** How far the index of a partition is: the next offset to be read, and the end of the topic. */
export type Reach = {
  readonly partition: number;
  readonly low: number;
  readonly position: number;
  readonly end: number;
  /** False until its bounds are known. */
  readonly known: boolean;
  /** Why it does not go on, in words; null while it does. */
  readonly problem: string | null;
};

export type LetterIndexer = {
  /** Begins with the partitions that are not read yet. */
  follow(partitions: readonly number[]): void;
  /** Asks where the partitions begin, and forgets what retention has taken. */
  trim(): Promise<void>;
  reach(): Reach[];
  close(): void;
};

type Progress = { -readonly [Name in keyof Omit<Reach, 'partition'>]: Reach[Name] };

/** Reads with `fieldsOf` what the index keeps of each record. */
export function createLetterIndexer(deps: {
  reader: LogReader;
  topic: string;
  index: DeadLetterIndex;
  fieldsOf: (partition: number, cursor: RecordCursor) => IndexedLetter;
  clock: Clock;
}): LetterIndexer {
  const { reader, topic, index, fieldsOf, clock } = deps;
  const partitions = new Map<number, Progress>();
  const subscriptions = new Set<Subscription>();
  const slices = createSlices(clock);
  let closed = false;

  async function read(partition: number, progress: Progress): Promise<void> {
    const tp = { topic, partition };
    const failed = (error: unknown) => {
      progress.problem = describe(error);
    };
    const { low, high } = await reader.bounds(tp);
    if (closed) return;
    Object.assign(progress, { low, position: low, end: high, known: true });
    const subscription = reader.follow(tp, low, {
      async records(set) {
        progress.end = set.highWatermark;
        progress.position = await walk(set, progress.position, clock, (cursor) => {
          index.add(fieldsOf(partition, cursor));
          progress.position = cursor.offset + 1;
          return undefined;
        });
      },
      outOfRange(position, bounds) {
        if (position > bounds.high) throw recreated(tp, position, bounds.high);
        forget(partition, progress, bounds.low).catch(failed);
        progress.position = bounds.low;
        return bounds.low;
      },
      failed,
    });
    subscriptions.add(subscription);
  }

  async function forget(partition: number, progress: Progress, low: number): Promise<void> {
    progress.low = low;
    await slices.run(() => index.forgetBelow(partition, low));
  }

  return {
    follow(numbers) {
      for (const partition of numbers) {
        if (closed || partitions.has(partition)) continue;
        const progress: Progress = { low: 0, position: 0, end: 0, known: false, problem: null };
        partitions.set(partition, progress);
        read(partition, progress).catch((error: unknown) => {
          progress.problem = describe(error);
        });
      }
    },
    async trim() {
      for (const [partition, progress] of partitions) {
        const { low } = await reader.bounds({ topic, partition });
        if (low > progress.low) await forget(partition, progress, low);
      }
    },
    reach: () => [...partitions].map(([partition, progress]) => ({ partition, ...progress })),
    close() {
      closed = true;
      for (const subscription of subscriptions) subscription.close();
    },
  };
}

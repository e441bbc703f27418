// Going through records without holding the event loop.
import { InconsistentStateError } from '../errors.ts';
import { DamagedBatch } from '../record-batch/batch-header.ts';
import { openRecordSet, type RecordCursor } from '../record-batch/reader.ts';
import type { Clock } from './clock.ts';
import { type LogReader, nameOf, type RecordSet, type TopicPartition } from './ports.ts';

/** How long records are worked on before others get their turn. */
const SLICE_MS = 5;
const RECORDS_BETWEEN_LOOKS = 64;

/** Works on the record under the cursor; a promise stops the walk until it settles. */
export type Visit = (cursor: RecordCursor) => undefined | Promise<void>;

/**
 * Visits the records of a set from `position` on; resolves with the position after the set. Batches
 * that begin at `end` or above are not looked at: one of them may be damaged.
 */
export async function walk(
  set: RecordSet,
  position: number,
  clock: Clock,
  visit: Visit,
  end?: number,
): Promise<number> {
  const cursor = openRecordSet(set, position, end);
  let sliceEnd = clock.monotonic() + SLICE_MS;
  let visited = 0;
  while (await cursor.nextBatch()) {
    while (cursor.next()) {
      const wait = visit(cursor);
      if (wait !== undefined) await wait;
      visited += 1;
      if (visited % RECORDS_BETWEEN_LOOKS === 0 && clock.monotonic() >= sliceEnd) {
        await clock.breathe();
        sliceEnd = clock.monotonic() + SLICE_MS;
      }
    }
  }
  return cursor.nextOffset;
}

/**
 * Visits the records from `from` up to `to`, or to the last decided one when that comes first. A promise
 * of `visit` is waited for. Stops at once, and rejects, when `signal` is aborted.
 */
export function readRange(
  { reader, clock, signal }: { reader: LogReader; clock: Clock; signal: AbortSignal },
  tp: TopicPartition,
  { from, to }: { from: number; to: number },
  visit: (cursor: RecordCursor) => void | Promise<void>,
): Promise<void> {
  if (from >= to) return Promise.resolve();
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    let position = from;
    const end = () => {
      following.close();
      signal.removeEventListener('abort', abort);
    };
    const abort = () => {
      end();
      reject(signal.reason);
    };
    const following = reader.follow(tp, from, {
      async records(set) {
        const visitBelow: Visit = (cursor) => {
          signal.throwIfAborted();
          return cursor.offset < to ? (visit(cursor) ?? undefined) : undefined;
        };
        position = await walk(set, position, clock, visitBelow, to);
        if (position < Math.min(to, set.lastStableOffset)) return;
        end();
        resolve();
      },
      outOfRange(_position, { low, high }) {
        if (position > high) throw recreated(tp, position, high);
        position = Math.max(position, low);
        if (position < to) return position;
        end();
        resolve();
        return position;
      },
      failed(error) {
        end();
        reject(damageIn(tp, error));
      },
    });
    signal.addEventListener('abort', abort);
  });
}

/** What is wrong when a position lies beyond the end of its log. */
export function recreated(tp: TopicPartition, position: number, high: number): Error {
  return new InconsistentStateError(
    `${nameOf(tp)} ends at offset ${high}, but ${position} was reached before: the topic was recreated or its log was cut`,
  );
}

/** The same error, but damage says in which log it is: a task reads three of them. */
export function damageIn(tp: TopicPartition, error: unknown): unknown {
  if (!(error instanceof DamagedBatch)) return error;
  const { baseOffset, reason, what } = error;
  return new DamagedBatch(baseOffset, reason, what, { cause: error, where: nameOf(tp) });
}

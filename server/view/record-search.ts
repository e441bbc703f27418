// Looks through what stands in a topic, the newest records first, for as long as there is time.
import { describe } from '../errors.ts';
import { abortable } from '../log/abortable.ts';
import type { Clock } from '../log/clock.ts';
import { type LogReader, nameOf } from '../log/ports.ts';
import { readRange } from '../log/walk.ts';
import type { RecordCursor } from '../record-batch/reader.ts';

/** Offsets that are read at once: a moment's work. */
const BLOCK = 20_000;

/** Of `total` offsets so many have been looked at, and why not the others, in words. */
export type SearchReach = {
  readonly read: number;
  readonly total: number;
  readonly missing: readonly string[];
};

/** What a search takes. */
export type SearchDeps = {
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly topic: string;
  readonly partitions: number;
  /** Asked before each block: why no more is wanted, in words; null while more is. */
  readonly enough: () => string | null;
  /** Ends the search when its time is up. */
  readonly signal: AbortSignal;
};

/**
 * Visits the records of all partitions, block by block from their ends. A partition that cannot be read is
 * named in `missing`, and holds up no other.
 */
export async function searchRecords(
  deps: SearchDeps,
  visit: (partition: number, cursor: RecordCursor) => void | Promise<void>,
): Promise<SearchReach> {
  const { reader, clock, topic, partitions, enough, signal } = deps;
  let read = 0;
  let total = 0;
  const missing: string[] = [];

  async function search(partition: number): Promise<void> {
    const tp = { topic, partition };
    const { low, high } = await abortable(signal, reader.bounds(tp));
    total += high - low;
    for (let end = high; end > low; ) {
      const why = enough();
      if (why !== null) {
        missing.push(`${nameOf(tp)} from offset ${low} to ${end - 1}: ${why}`);
        return;
      }
      const range = { from: Math.max(low, end - BLOCK), to: end };
      await readRange({ reader, clock, signal }, tp, range, (cursor) => visit(partition, cursor));
      read += end - range.from;
      end = range.from;
    }
  }

  await Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      try {
        await search(partition);
      } catch (error) {
        const why = signal.aborted ? 'there was no time for all of it' : describe(error);
        missing.push(`${nameOf({ topic, partition })}: ${why}`);
      }
    }),
  );
  return { read, total, missing: missing.sort() };
}

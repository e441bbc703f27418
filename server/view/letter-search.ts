// Looks for a text in the dead letters, the newest first, block by block.
import type { DeadLetter } from '../log/dead-letter.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import type { LetterContents } from './letter-contents.ts';
import { createLetterTest } from './letter-text.ts';

/** Offsets that are read at once: a moment's work. */
const BLOCK = 20_000;

export type Found = {
  /** Of `total` offsets so many have been looked at. */
  readonly read: number;
  readonly total: number;
  /** Of the last block, newest first. */
  readonly hits: readonly DeadLetter[];
};

/** Searches what stands in these partitions now. */
export async function* searchLetters(deps: {
  contents: LetterContents;
  partitions: readonly number[];
  text: string;
  signal: AbortSignal;
}): AsyncGenerator<Found, void> {
  const { contents, partitions, text, signal } = deps;
  const test = createLetterTest(text);
  const ranges = await Promise.all(
    partitions.map(async (partition) => {
      const { low, high } = await contents.bounds(partition, signal);
      return { partition, low, end: high };
    }),
  );
  const total = ranges.reduce((sum, { low, end }) => sum + end - low, 0);
  let read = 0;
  yield { read, total, hits: [] };
  for (;;) {
    const open = ranges.filter(({ low, end }) => low < end);
    if (open.length === 0) return;
    for (const range of open) {
      const from = Math.max(range.low, range.end - BLOCK);
      const hits: DeadLetter[] = [];
      const visit = (cursor: RecordCursor) => {
        if (test(cursor)) hits.push(contents.letterUnder(range.partition, cursor));
      };
      await contents.walk(range.partition, { from, to: range.end }, visit, signal);
      read += range.end - from;
      range.end = from;
      yield { read, total, hits: hits.reverse() };
    }
  }
}

// The search for a text: how fast letters are read and looked through.
import { systemClock as clock } from '../../server/log/clock.ts';
import { createLetterContents } from '../../server/view/letter-contents.ts';
import { searchLetters } from '../../server/view/letter-search.ts';
import { memoryLogs } from '../fixtures/memory-log.ts';
import { letterBatch } from './index-rows.ts';
import { measure, type Row, row, takingTurns } from './turns.ts';

const LETTERS = 300_000;
const BATCH = 1500;
const topic = 'orders-dlq';

export async function searchRows(): Promise<Row[]> {
  const memory = memoryLogs();
  for (let first = 0; first < LETTERS; first += BATCH) {
    memory.appendBatch({ topic, partition: 0 }, letterBatch(first, BATCH, 0));
  }
  const contents = createLetterContents({
    reader: takingTurns(memory.reader),
    topic,
    idOf: () => null,
    clock,
  });
  const { signal } = new AbortController();
  // Stands in 3 of them; the second is not ASCII.
  const words = ['payment 12345 was', 'nirgends so groß'];
  const rows: Row[] = [];
  for (const text of words) {
    let steps = 0;
    const { cost, longestTurn } = await measure(async () => {
      for await (const _ of searchLetters({ contents, partitions: [0], text, signal })) steps += 1;
    });
    rows.push(
      row(`search for "${text}", letters a CPU second`, (LETTERS / cost) * 1000, {
        least: 200_000,
      }),
      row('search, longest turn, CPU ms', longestTurn, { most: 15 }),
      row('search, times that progress is told', steps, { least: 2 }),
    );
  }
  return rows;
}

// `npm run bench:letters`: how fast dead letters are indexed, found, searched and sent again, how much
// memory the index takes, and for how long that holds everything else; in memory, without a broker.
import { readOptions } from '../fixtures/options.ts';
import { indexRows } from './index-rows.ts';
import { redriveRows } from './redrive-rows.ts';
import { searchRows } from './search-rows.ts';
import { serviceRows } from './service-rows.ts';
import type { Row } from './turns.ts';

const values = {
  letters: '1000000',
  partitions: '3',
  ...readOptions(
    `npm run bench:letters -- [--letters N] [--partitions N] [--kafka]
--kafka: the whole service on an Apache Kafka of its own; takes Java 17 and Maven.`,
    { letters: 'number', partitions: 'number', kafka: 'flag' },
  ),
};
const letters = Math.max(1, Number(values.letters));
const partitions = Math.max(1, Number(values.partitions));

async function inMemory(): Promise<Row[]> {
  return [
    ...(await indexRows(letters, partitions)),
    ...(await searchRows()),
    ...(await redriveRows()),
  ];
}

console.table(
  values.kafka === undefined ? await inMemory() : await serviceRows(letters, partitions),
);

// `npm run bench:letters`: how fast dead letters are indexed, found, searched and sent again, how much
// memory the index takes, and for how long that holds everything else; in memory, without a broker.
import { readOptions } from '../fixtures/options.ts';
import { indexRows } from './index-rows.ts';
import { redriveRows } from './redrive-rows.ts';
import { searchRows } from './search-rows.ts';

const values = {
  letters: '1000000',
  partitions: '3',
  ...readOptions(
    `npm run bench:letters -- [--letters N] [--partitions N]   letters that are indexed, in so many partitions`,
    { letters: 'number', partitions: 'number' },
  ),
};
const letters = Math.max(1, Number(values.letters));
const partitions = Math.max(1, Number(values.partitions));

console.table([
  ...(await indexRows(letters, partitions)),
  ...(await searchRows()),
  ...(await redriveRows()),
]);

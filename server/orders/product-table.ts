// All products at one instant, as columns: what is read from it does not change under the reader.
import { mergeSorted, PAUSE_EVERY, type Steps, sortInSteps } from '../log/slices.ts';
import { type Averages, view } from './averages.ts';
import type { ProductAverage, ProductQuery } from './contract.ts';

/** Names in the order of their UTF-16 code units, with the count and the average price of each. */
export type ProductTable = {
  readonly names: readonly string[];
  readonly counts: Float64Array;
  readonly averagePrices: Float64Array;
};

/** A row in memory: two doubles and the place of the name. */
export const BYTES_PER_ROW = 24;

/** What is shown of a row beside its name. */
export function averageAt({ counts, averagePrices }: ProductTable, row: number): ProductAverage {
  return { count: counts[row]!, averagePrice: averagePrices[row]! };
}

const byCodeUnits = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The sorted names, after some came and others went. */
export function* updateNames(
  names: readonly string[],
  added: ReadonlySet<string>,
  removed: ReadonlySet<string>,
): Steps<readonly string[]> {
  if (added.size === 0 && removed.size === 0) return names;
  const left: string[] = [];
  for (const [i, name] of names.entries()) {
    if (i % PAUSE_EVERY === 0) yield;
    if (!removed.has(name)) left.push(name);
  }
  return yield* mergeSorted(left, yield* sortInSteps([...added], byCodeUnits), byCodeUnits);
}

/** The table of these averages, whose sorted names are known. */
export function* tableOf(names: readonly string[], averages: Averages): Steps<ProductTable> {
  const counts = new Float64Array(names.length);
  const averagePrices = new Float64Array(names.length);
  for (const [i, name] of names.entries()) {
    if (i % PAUSE_EVERY === 0) yield;
    const tally = averages.get(name);
    if (tally === undefined) throw new TypeError('a product of the table has no average');
    const { count, averagePrice } = view(tally);
    counts[i] = count;
    averagePrices[i] = averagePrice;
  }
  return { names, counts, averagePrices };
}

/** The rows that the query selects, all pages of them, in its order. Ties go by name. */
export function* rowsOf(table: ProductTable, query: ProductQuery): Steps<readonly number[]> {
  const { names } = table;
  const wanted = query.filter.toLowerCase();
  const rows: number[] = [];
  for (const [row, name] of names.entries()) {
    if (row % PAUSE_EVERY === 0) yield;
    if (wanted === '' || name.toLowerCase().includes(wanted)) rows.push(row);
  }
  const sign = query.order === 'asc' ? 1 : -1;
  if (query.sort === 'product') return sign === 1 ? rows : rows.reverse();
  const column = query.sort === 'count' ? table.counts : table.averagePrices;
  return yield* sortInSteps(rows, (a, b) => sign * (column[a]! - column[b]!) || a - b);
}

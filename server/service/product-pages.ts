// One page of all products, sorted and filtered here, so that a page asks for fifty rows and not for
// a hundred thousand.
import type { ProductPage, ProductRow } from '../http/contract.ts';
import type { Clock } from '../log/clock.ts';
import { createSlices } from '../log/slices.ts';
import type { ProductQuery } from '../orders/contract.ts';
import { averageAt, type ProductTable, rowsOf } from '../orders/product-table.ts';

/** Of a hundred thousand products a sort takes a quarter of a second; who comes later is told so. */
const MAX_WAITING = 16;
/** Orders of rows that are kept while the products do not change: pages turn, and several look alike. */
const MAX_KEPT = 8;

export type ProductPages = {
  /** `busy` when too many sorts wait already. */
  read(table: ProductTable, query: ProductQuery): Promise<ProductPage | 'busy'>;
  /** Every row of the table that the filter takes, in order; they are made as they are taken. */
  all(table: ProductTable, query: ProductQuery): Promise<Iterable<ProductRow> | 'busy'>;
};

/** Nothing sorted yet. */
export function createProductPages(clock: Clock): ProductPages {
  const slices = createSlices(clock);
  let kept = new Map<string, Promise<readonly number[]>>();
  let keptOf: ProductTable | undefined;

  function rows(table: ProductTable, query: ProductQuery): Promise<readonly number[]> | 'busy' {
    if (table !== keptOf) {
      keptOf = table;
      kept = new Map();
    }
    const key = `${query.sort} ${query.order} ${query.filter}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    if (slices.size() >= MAX_WAITING) return 'busy';
    const sorted = Promise.resolve(slices.run(() => rowsOf(table, query)));
    kept.set(key, sorted);
    const [oldest] = kept.keys();
    if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
    return sorted;
  }

  return {
    async read(table, query) {
      const all = await rows(table, query);
      if (all === 'busy') return all;
      const from = (query.page - 1) * query.size;
      const products = all.slice(from, from + query.size).map((row) => rowAt(table, row));
      return { productCount: table.names.length, matching: all.length, products };
    },
    async all(table, query) {
      const all = await rows(table, query);
      return all === 'busy' ? all : each(table, all);
    },
  };
}

function rowAt(table: ProductTable, row: number): ProductRow {
  return { product: table.names[row]!, ...averageAt(table, row) };
}

function* each(table: ProductTable, rows: readonly number[]): Generator<ProductRow, void> {
  for (const row of rows) yield rowAt(table, row);
}

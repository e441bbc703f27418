// The order of the product rows. Pure, but for what its caller remembers.
import type { ProductAverage } from '../../server/http/contract.ts';

export type SortKey = 'product' | 'count' | 'average';

/** By which column, and which way. */
export interface Sort {
  readonly key: SortKey;
  readonly ascending: boolean;
}

type Products = ReadonlyMap<string, ProductAverage>;

const collator = new Intl.Collator('en', { numeric: true });

/** A product that has gone is like one without orders. */
type Entry = readonly [name: string, average: ProductAverage | undefined];

/** Before (< 0) or after; ties go by name, so that equal rows never trade places. */
function comparing({ key, ascending }: Sort) {
  const sign = ascending ? 1 : -1;
  return ([a, x]: Entry, [b, y]: Entry): number => {
    if (key === 'product') return sign * collator.compare(a, b);
    const difference = figure(key, x) - figure(key, y);
    return sign * difference || collator.compare(a, b);
  };
}

function figure(key: 'count' | 'average', average: ProductAverage | undefined): number {
  return (key === 'count' ? average?.count : average?.averagePrice) ?? 0;
}

/** The product names in order. */
export function sorted(products: Products, sort: Sort): string[] {
  return [...products].sort(comparing(sort)).map(([name]) => name);
}

/** Whether the names stand in order by the values that are shown beside them. */
export function isSorted(order: readonly string[], products: Products, sort: Sort): boolean {
  const compare = comparing(sort);
  const entry = (name: string): Entry => [name, products.get(name)];
  return order.every((name, at) => at === 0 || compare(entry(order[at - 1]!), entry(name)) <= 0);
}

/** A frozen order without what is gone, and with newcomers at its end, where they push no row. */
export function withNewcomers(order: readonly string[], products: Products): readonly string[] {
  const left = order.filter((name) => products.has(name));
  if (left.length === products.size) return left;
  const known = new Set(left);
  return [...left, ...[...products.keys()].filter((name) => !known.has(name))];
}

/** The rows as they are shown: names in an order, and the values beside them. */
export interface Shown {
  readonly sort: Sort;
  readonly at: number;
  readonly order: readonly string[];
  readonly products: Products;
}

const REORDER = 2000;

/**
 * The rows to show next. Sorted every two seconds at most; in between new values are shown as long as they
 * do not contradict the order. Under a reader's eyes the order stands still and the values go on.
 */
export function nextShown(
  last: Shown | null,
  products: Products,
  { sort, at, reading }: { sort: Sort; at: number; reading: boolean },
): Shown {
  if (!last || last.sort !== sort || (!reading && at - last.at >= REORDER)) {
    return { sort, at, order: sorted(products, sort), products };
  }
  const order = withNewcomers(last.order, products);
  const next = { ...last, order, products };
  return reading || isSorted(order, products, sort) ? next : last;
}

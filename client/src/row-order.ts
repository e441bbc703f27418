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

/** The product names in order; ties go by name, so that equal rows never trade places. */
export function sorted(products: Products, { key, ascending }: Sort): string[] {
  const sign = ascending ? 1 : -1;
  const byName = (a: string, b: string) => collator.compare(a, b);
  const rows = [...products].sort(([a, x], [b, y]) => {
    if (key === 'product') return sign * byName(a, b);
    const difference = key === 'count' ? x.count - y.count : x.averagePrice - y.averagePrice;
    return sign * difference || byName(a, b);
  });
  return rows.map(([name]) => name);
}

/** A frozen order without what is gone, and with newcomers at its end, where they push no row. */
export function withNewcomers(order: readonly string[], products: Products): readonly string[] {
  const left = order.filter((name) => products.has(name));
  if (left.length === products.size) return left;
  const known = new Set(left);
  return [...left, ...[...products.keys()].filter((name) => !known.has(name))];
}

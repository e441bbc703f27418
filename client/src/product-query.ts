// Which products the table shows: from what is here when that is enough, else asked of the server. Pure.
import type { ProductAverage } from '../../server/http/contract.ts';
import type { Sort, SortKey } from './row-order.ts';
import { hasAllProducts, type Model } from './store.ts';

/** One row of the table. */
export type Row = { readonly product: string } & ProductAverage;

/** What the reader asked to see; `page` counts from 0. */
export interface Wish {
  readonly sort: Sort;
  readonly filter: string;
  readonly page: number;
  readonly size: number;
}

/** Whether a product is meant by what was typed, in whatever case. */
export function matches(product: string, filter: string): boolean {
  return product.toLowerCase().includes(filter.toLowerCase());
}

/** The query of `/api/products` for this wish; null when the model can fulfil it by itself. */
export function searchFor(model: Model, { sort, filter, page, size }: Wish): string | null {
  const isTop = sort.key === 'count' && !sort.ascending && filter === '';
  const isHere = (page + 1) * size <= model.products.size;
  if (hasAllProducts(model) || (isTop && isHere)) return null;
  return `page=${page + 1}&size=${size}&${chosenIn(sort, filter)}`;
}

/** The query of `/api/products` and of its export for an order and a filter. */
export function chosenIn({ key, ascending }: Sort, filter: string): string {
  return `${new URLSearchParams({ sort: key, order: ascending ? 'asc' : 'desc', filter })}`;
}

/** An order as it stands in the address: `average.asc`; null for the usual one. */
export function sortText({ key, ascending }: Sort): string | null {
  const text = `${key}.${ascending ? 'asc' : 'desc'}`;
  return text === 'count.desc' ? null : text;
}

/** The order of an address; whatever else stands there is the usual one. */
export function sortOf(text: string | null): Sort {
  const [, key, way] = /^(product|count|average)\.(asc|desc)$/.exec(text ?? '') ?? [];
  return { key: (key as SortKey) ?? 'count', ascending: way === 'asc' };
}

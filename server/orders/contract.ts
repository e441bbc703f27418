// The business's part of the HTTP contract: what is shown of orders, and how they are sorted. Of this
// folder http/ imports this file alone, so it imports nothing of ours.
import { type Static, Type } from 'typebox';

const Closed = { additionalProperties: false } as const;

/** Of one product: the count of counted orders and their exact average in currency units. */
export const ProductAverage = Type.Object(
  { count: Type.Integer(), averagePrice: Type.Number() },
  Closed,
);

/** Of all counted orders. The first keys of `GET /metrics`: published, so that none may change. */
export const Totals = Type.Object(
  { totalCount: Type.Integer(), overallAveragePrice: Type.Number() },
  Closed,
);

/** What products can be sorted by: their name, or a number that is shown of each. */
export const SORT_KEYS = ['product', 'count', 'average'] as const;

export type ProductAverage = Static<typeof ProductAverage>;
export type Totals = Static<typeof Totals>;
export type SortKey = (typeof SORT_KEYS)[number];

/** Which products, in which order; `page` counts from 1. */
export type ProductQuery = {
  readonly page: number;
  readonly size: number;
  readonly sort: SortKey;
  readonly order: 'asc' | 'desc';
  /** Part of the name, in whatever case; empty for all. */
  readonly filter: string;
};

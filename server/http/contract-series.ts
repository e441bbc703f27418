// What HTTP says of the last hour.
import { type Static, Type } from 'typebox';

const Closed = { additionalProperties: false } as const;
const Points = Type.Array(Type.Union([Type.Number(), Type.Null()]));

/**
 * `GET /api/series?range=2m`: points of `step` seconds each, the last of which ends at `to`; null where
 * nothing is known. Rates are per second, the lag is that at the end of its point.
 */
export const Series = Type.Object(
  {
    step: Type.Integer(),
    to: Type.String(),
    /** Orders read: counted, dead-lettered or waiting. */
    throughput: Points,
    retries: Points,
    deadLetters: Points,
    lag: Points,
    /** When partitions went to other owners. */
    marks: Type.Array(Type.Object({ at: Type.String(), kind: Type.Literal('rebalance') }, Closed)),
  },
  Closed,
);
export type Series = Static<typeof Series>;

/**
 * `GET /api/products/history`: of each product that is shown, the orders counted in steps of `step` seconds, the
 * last of which ends at `to` (null before the first); null where that is not known.
 */
export const ProductHistory = Type.Object(
  {
    step: Type.Integer(),
    to: Type.Union([Type.String(), Type.Null()]),
    products: Type.Array(Type.Object({ product: Type.String(), orders: Points }, Closed)),
  },
  Closed,
);
export type ProductHistory = Static<typeof ProductHistory>;

// What is shown of the averages, in the words of contract.ts. The rest of the service passes it on as it is.
import { type Averages, type Tally, view } from './averages.ts';
import type { ProductAverage, Totals } from './contract.ts';

const NOTHING: Tally = { count: 0, low: 0, carry: 0 };

/** The figures of one product; of one without orders, zeros. */
export function averageOf(averages: Averages, product: string): ProductAverage {
  return view(averages.get(product) ?? NOTHING);
}

/** How many orders are counted. */
export function countedIn(total: Tally): number {
  return total.count;
}

/** The figures of all products together. */
export function totalsOf(total: Tally): Totals {
  const { count, averagePrice } = view(total);
  return { totalCount: count, overallAveragePrice: averagePrice };
}

/** A sample, and the labels that tell it from the others of its name. */
export type GaugeValue = {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
};

/** A figure of the group for Prometheus. No label is a product: whoever produces could make a series of each name. */
export type TotalsGauge = {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  values(totals: Totals): readonly GaugeValue[];
};

/** The figures of all products together, for Prometheus; how many orders are counted is there already. */
export const TOTALS_GAUGES: readonly TotalsGauge[] = [
  {
    name: 'orders_average_price',
    help: 'Average price of the counted orders, in currency units.',
    values: ({ overallAveragePrice }) => [{ value: overallAveragePrice }],
  },
];

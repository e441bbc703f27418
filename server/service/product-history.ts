// How the orders of each product came lately: a few numbers for each that is shown, sampled now and then.
import type { ProductHistory } from '../http/contract-series.ts';
import { SHOWN_PRODUCTS } from '../orders/group-averages.ts';

const STEP_MS = 10_000;
/** Four minutes. */
const POINTS = 24;

export type ProductHistoryStore = {
  /** The orders of each product that is shown, so far; null while they are not known. `at`: ms since 1970. */
  sample(at: number, counts: ReadonlyMap<string, number> | null): void;
  read(): ProductHistory;
};

type Sample = { readonly at: number; readonly counts: ReadonlyMap<string, number> | null };

/** Of a product that is not there: none as long as all there are were shown, else nobody knows. */
function ordersIn(counts: Sample['counts'], product: string): number | undefined {
  if (counts === null) return undefined;
  return counts.get(product) ?? (counts.size < SHOWN_PRODUCTS ? 0 : undefined);
}

/** Nothing sampled yet. Of 1,000 products at most 1 MB: each sample holds numbers and no names of its own. */
export function createProductHistory(): ProductHistoryStore {
  let samples: Sample[] = [];

  /** What a product grew by in each step; null where one of its ends is not known, or it was set back. */
  function growthOf(product: string): (number | null)[] {
    return samples.slice(1).map(({ counts }, index) => {
      const before = ordersIn(samples[index]!.counts, product);
      const after = ordersIn(counts, product);
      const grown = before === undefined || after === undefined ? -1 : after - before;
      return grown < 0 ? null : grown;
    });
  }

  return {
    sample(at, counts) {
      samples = [...samples, { at, counts }].slice(-POINTS - 1);
    },
    read() {
      const last = samples.at(-1);
      return {
        step: STEP_MS / 1000,
        to: last === undefined ? null : new Date(last.at).toISOString(),
        products: [...(last?.counts?.keys() ?? [])].map((product) => ({
          product,
          orders: growthOf(product),
        })),
      };
    },
  };
}

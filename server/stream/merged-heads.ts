// The head checkpoints of all partitions, and their averages in one sum. Work is done only when somebody
// looks, and then only what changed.
import { type Averages, merge, type Tally } from '../domain/averages.ts';
import {
  type CheckpointSummary,
  decodeSummary,
  NO_PRODUCTS,
  productChanges,
} from '../domain/checkpoint.ts';

export type MergedHeads = {
  /** A checkpoint that takes the place of the partition's head. */
  put(partition: number, checkpoint: Buffer): void;
  /** By partition; cheap, products are not looked at. */
  summaries(): ReadonlyMap<number, CheckpointSummary>;
  /** Over all partitions, in no particular order. */
  averages(): Averages;
  /** Over all products. */
  total(): Tally;
  /** Since the last call: whether a head is new, and the products of which something else is true. */
  takeChanges(): { moved: boolean; products: ReadonlySet<string> };
};

/** No heads yet; `onFailed` hears of a head that cannot be decoded. */
export function createMergedHeads(
  onFailed: (partition: number, error: unknown) => void,
): MergedHeads {
  const newHeads = new Map<number, Buffer>();
  const heads = new Map<number, CheckpointSummary>();
  /** Products as they stand in the checkpoints: those still to be merged, and those in the sum. */
  const unmerged = new Map<number, Buffer>();
  const merged = new Map<number, Buffer>();
  const averages: Averages = new Map();
  const total: Tally = { count: 0, low: 0, carry: 0 };
  let changedProducts = new Set<string>();
  let moved = false;

  function readHeads(): void {
    for (const [partition, bytes] of newHeads) {
      newHeads.delete(partition);
      shown(partition, () => {
        const { summary, products } = decodeSummary(bytes);
        heads.set(partition, summary);
        unmerged.set(partition, products);
        moved = true;
      });
    }
  }

  function mergeProducts(): void {
    readHeads();
    for (const [partition, products] of unmerged) {
      unmerged.delete(partition);
      shown(partition, () => {
        const changes = productChanges(merged.get(partition) ?? NO_PRODUCTS, products);
        for (const { product, before, after } of changes) change(product, before, after);
        merged.set(partition, products);
      });
    }
  }

  function shown(partition: number, show: () => void): void {
    try {
      show();
    } catch (error) {
      onFailed(partition, error);
    }
  }

  function change(product: string, before: Tally | undefined, after: Tally | undefined): void {
    const sum = averages.get(product) ?? { count: 0, low: 0, carry: 0 };
    for (const tally of [sum, total]) {
      if (after !== undefined) merge(tally, after, 1);
      if (before !== undefined) merge(tally, before, -1);
    }
    if (sum.count === 0) averages.delete(product);
    else averages.set(product, sum);
    changedProducts.add(product);
  }

  return {
    put: (partition, checkpoint) => void newHeads.set(partition, checkpoint),
    summaries() {
      readHeads();
      return heads;
    },
    averages() {
      mergeProducts();
      return averages;
    },
    total() {
      mergeProducts();
      return total;
    },
    takeChanges() {
      mergeProducts();
      const changes = { moved, products: changedProducts };
      moved = false;
      changedProducts = new Set();
      return changes;
    },
  };
}

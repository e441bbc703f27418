// The head checkpoints of all partitions, and their averages in one sum. Work is done only when somebody
// looks, then only for what changed, and in slices.

import {
  type CheckpointSummary,
  decodeSummary,
  NO_PRODUCTS,
  productChanges,
} from '../log/checkpoint.ts';
import type { Clock } from '../log/clock.ts';
import { createSlices, PAUSE_EVERY, type Steps } from '../log/slices.ts';
import { type Averages, merge as mergeTally, type Tally } from '../orders/averages.ts';
import { type ProductTable, tableOf, updateNames } from './product-table.ts';
import { type Ranked, updateTop } from './top-products.ts';

/** As many products with most orders are shown without being asked for. */
export const SHOWN_PRODUCTS = 1000;

/** A table is given again for so many times as long as it took to make: who asks in a loop gets a tenth of the time. */
const TABLE_STAYS = 9;

/** All that the heads say, at one instant. */
export type MergedState = {
  readonly heads: ReadonlyMap<number, CheckpointSummary>;
  /** Over all partitions, in no particular order. */
  readonly averages: Averages;
  /** Over all products. */
  readonly total: Tally;
  /** The SHOWN_PRODUCTS with most orders. */
  readonly top: readonly Ranked[];
};

/** The whole table, with the heads and the total that belong to it. */
export type WholeState = Pick<MergedState, 'heads' | 'total'> & { readonly table: ProductTable };

export type MergedHeads = {
  /** A checkpoint that takes the place of the partition's head. */
  put(partition: number, checkpoint: Buffer): void;
  /** The newest heads, by partition; cheap, products are not looked at. */
  newest(): ReadonlyMap<number, CheckpointSummary>;
  /** Merges what is new. Until the promise, if there is one, has resolved, `state` is half of this and of that. */
  merge(): Promise<void> | undefined;
  readonly state: MergedState;
  /** Since the last call: whether a head is new, and the products that are, or were, shown and changed. */
  takeChanges(): { moved: boolean; products: ReadonlySet<string> };
  /** At most a few seconds old with hundreds of thousands of products, else of now. */
  whole(): WholeState | Promise<WholeState>;
};

/** No heads yet; `onFailed` hears of a head that cannot be decoded, and the one before stays. */
export function createMergedHeads(
  clock: Clock,
  onFailed: (partition: number, error: unknown) => void,
): MergedHeads {
  const slices = createSlices(clock);
  const newHeads = new Map<number, Buffer>();
  const newest = new Map<number, CheckpointSummary>();
  /** Decoded heads still to be merged; and the products of each partition as they are in the sum. */
  const unmerged = new Map<number, { summary: CheckpointSummary; products: Buffer }>();
  const merged = new Map<number, Buffer>();
  const heads = new Map<number, CheckpointSummary>();
  const averages: Averages = new Map();
  const total: Tally = { count: 0, low: 0, carry: 0 };
  let top: readonly Ranked[] = [];
  let shown = new Set<string>();
  let changedShown = new Set<string>();
  let moved = false;
  let merging: Promise<void> | undefined;

  let names: readonly string[] = [];
  const added = new Set<string>();
  const removed = new Set<string>();
  let whole: WholeState | undefined;
  let isOld = false;
  let staysUntil = 0;

  function readHeads(): void {
    for (const [partition, bytes] of newHeads) {
      newHeads.delete(partition);
      try {
        const head = decodeSummary(bytes);
        newest.set(partition, head.summary);
        unmerged.set(partition, head);
      } catch (error) {
        onFailed(partition, error);
      }
    }
  }

  function* mergeAll(): Steps<void> {
    const changed = new Set<string>();
    for (const [partition, { summary, products }] of unmerged) {
      unmerged.delete(partition);
      try {
        const changes = yield* productChanges(merged.get(partition) ?? NO_PRODUCTS, products);
        for (const [i, { product, before, after }] of changes.entries()) {
          if (i % PAUSE_EVERY === 0) yield;
          change(product, before, after);
          changed.add(product);
        }
        merged.set(partition, products);
        heads.set(partition, summary);
        moved = true;
        isOld = true;
      } catch (error) {
        onFailed(partition, error);
      }
    }
    if (changed.size > 0)
      showTop(yield* updateTop(top, changed, averages, SHOWN_PRODUCTS), changed);
  }

  function change(product: string, before: Tally | undefined, after: Tally | undefined): void {
    const known = averages.get(product);
    const sum = known ?? { count: 0, low: 0, carry: 0 };
    for (const tally of [sum, total]) {
      if (after !== undefined) mergeTally(tally, after, 1);
      if (before !== undefined) mergeTally(tally, before, -1);
    }
    if (sum.count === 0) {
      averages.delete(product);
      if (known !== undefined && !added.delete(product)) removed.add(product);
    } else if (known === undefined) {
      averages.set(product, sum);
      if (!removed.delete(product)) added.add(product);
    }
  }

  function showTop(next: readonly Ranked[], changed: ReadonlySet<string>): void {
    const shownNow = new Set(next.map(({ product }) => product));
    for (const product of shownNow) {
      if (changed.has(product) || !shown.has(product)) changedShown.add(product);
    }
    for (const product of shown) if (!shownNow.has(product)) changedShown.add(product);
    top = next;
    shown = shownNow;
  }

  function merge(): Promise<void> | undefined {
    readHeads();
    if (unmerged.size === 0) return merging;
    const result = slices.run(mergeAll);
    if (!(result instanceof Promise)) return undefined;
    const pending = result.finally(() => {
      if (merging === pending) merging = undefined;
    });
    merging = pending;
    return pending;
  }

  /** Changes nothing that `state` shows, so who reads it need not wait. */
  function* tabulate(): Steps<WholeState> {
    const start = clock.monotonic();
    if (whole !== undefined && (!isOld || start < staysUntil)) return whole;
    names = yield* updateNames(names, added, removed);
    added.clear();
    removed.clear();
    const table = yield* tableOf(names, averages);
    whole = { table, heads: new Map(heads), total: { ...total } };
    isOld = false;
    const end = clock.monotonic();
    staysUntil = end + TABLE_STAYS * (end - start);
    return whole;
  }

  return {
    put: (partition, checkpoint) => void newHeads.set(partition, checkpoint),
    newest() {
      readHeads();
      return newest;
    },
    merge,
    get state() {
      return { heads, averages, total, top };
    },
    takeChanges() {
      const changes = { moved, products: changedShown };
      moved = false;
      changedShown = new Set();
      return changes;
    },
    whole() {
      void merge();
      return slices.run(tabulate);
    },
  };
}

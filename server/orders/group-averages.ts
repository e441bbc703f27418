// The averages of the whole group: those of all partitions in one sum, and what is shown of it.
import type { CheckpointSummary } from '../log/checkpoint.ts';
import type { Clock } from '../log/clock.ts';
import { PAUSE_EVERY, type Steps } from '../log/slices.ts';
import type { GroupState } from '../view/heads.ts';
import { type Averages, merge as mergeTally, type Tally } from './averages.ts';
import { diffProducts, NO_PRODUCTS } from './averages-codec.ts';
import { type ProductTable, tableOf, updateNames } from './product-table.ts';
import { type Ranked, updateTop } from './top-products.ts';

/** As many products with most orders are shown without being asked for. */
export const SHOWN_PRODUCTS = 1000;

/** A table is given again for so many times as long as it took to make: who asks in a loop gets a tenth of the time. */
const TABLE_STAYS = 9;

/** The whole table, with the heads and the total that belong to it. */
export type WholeState = {
  readonly heads: ReadonlyMap<number, CheckpointSummary>;
  readonly total: Tally;
  readonly table: ProductTable;
};

export type GroupAverages = GroupState & {
  /** Over all partitions, in no particular order. */
  readonly averages: Averages;
  /** Over all products. */
  readonly total: Tally;
  /** The SHOWN_PRODUCTS with most orders. */
  readonly top: readonly Ranked[];
  /** The products that are, or were, shown and changed since the last call. */
  takeChanges(): ReadonlySet<string>;
  /**
   * Everything at one instant, `heads` being those that it is made of. At most a few seconds old with
   * hundreds of thousands of products, else of now. Changes nothing that is shown.
   */
  tabulate(heads: ReadonlyMap<number, CheckpointSummary>): Steps<WholeState>;
};

/** Of no partition yet. */
export function createGroupAverages(clock: Clock): GroupAverages {
  const averages: Averages = new Map();
  const total: Tally = { count: 0, low: 0, carry: 0 };
  let changed = new Set<string>();
  let top: readonly Ranked[] = [];
  let shown = new Set<string>();
  let changedShown = new Set<string>();

  let names: readonly string[] = [];
  const added = new Set<string>();
  const removed = new Set<string>();
  let whole: WholeState | undefined;
  let isOld = false;
  let staysUntil = 0;

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

  function showTop(next: readonly Ranked[]): void {
    const shownNow = new Set(next.map(({ product }) => product));
    for (const product of shownNow) {
      if (changed.has(product) || !shown.has(product)) changedShown.add(product);
    }
    for (const product of shown) if (!shownNow.has(product)) changedShown.add(product);
    top = next;
    shown = shownNow;
  }

  return {
    averages,
    total,
    get top() {
      return top;
    },
    *replace(before, after) {
      const changes = yield* diffProducts(before ?? NO_PRODUCTS, after);
      for (const [i, { product, before: was, after: is }] of changes.entries()) {
        if (i % PAUSE_EVERY === 0) yield;
        change(product, was, is);
        changed.add(product);
      }
      isOld = true;
    },
    *settle() {
      if (changed.size === 0) return;
      showTop(yield* updateTop(top, changed, averages, SHOWN_PRODUCTS));
      changed = new Set();
    },
    takeChanges() {
      const taken = changedShown;
      changedShown = new Set();
      return taken;
    },
    *tabulate(heads) {
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
    },
  };
}

// The products with most orders, kept right while counts grow, and fall by corrections.
import { PAUSE_EVERY, type Steps } from '../log/slices.ts';
import type { Averages } from './averages.ts';

/** A product and the count that it is ranked by. */
export type Ranked = { readonly product: string; readonly count: number };

/** Most orders first; equal ones by name, so that every instance ranks alike. */
function compare(a: Ranked, b: Ranked): number {
  return b.count - a.count || (a.product < b.product ? -1 : 1);
}

/**
 * The first `size` of `averages`, given those of before and what changed since. What is in neither has
 * not changed, and was behind the last of before; so it can only have come up when the new last one is
 * behind that place too. Then, which takes a correction, all products are looked at.
 */
export function* updateTop(
  before: readonly Ranked[],
  changed: ReadonlySet<string>,
  averages: Averages,
  size: number,
): Steps<readonly Ranked[]> {
  const next = yield* best(union(before, changed), averages, size);
  if (next.length === averages.size || before.length < size) return next;
  const nobodyCameUp = next.length === size && compare(next.at(-1)!, before.at(-1)!) <= 0;
  return nobodyCameUp ? next : yield* best(averages.keys(), averages, size);
}

/** Without a copy of what changed: that may be everything. */
function* union(before: readonly Ranked[], changed: ReadonlySet<string>): Generator<string> {
  const known = new Set(before.map(({ product }) => product));
  yield* known;
  for (const product of changed) if (!known.has(product)) yield product;
}

function* best(products: Iterable<string>, averages: Averages, size: number): Steps<Ranked[]> {
  const found: Ranked[] = [];
  let last: Ranked | undefined;
  let seen = 0;
  const cut = () => {
    found.sort(compare).splice(size);
    if (found.length === size) last = found.at(-1);
  };
  for (const product of products) {
    seen += 1;
    if (seen % PAUSE_EVERY === 0) yield;
    const tally = averages.get(product);
    if (tally === undefined) continue;
    const ranked = { product, count: tally.count };
    if (last !== undefined && compare(ranked, last) > 0) continue;
    if (found.push(ranked) >= 2 * size + PAUSE_EVERY) cut();
  }
  cut();
  return found;
}

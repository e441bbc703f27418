import fc from 'fast-check';
import t from 'tap';
import { encodeCheckpoint } from '../../server/log/checkpoint.ts';
import type { Clock } from '../../server/log/clock.ts';
import { createSlices, sortInSteps } from '../../server/log/slices.ts';
import type { Averages } from '../../server/orders/averages.ts';
import { SHOWN_PRODUCTS } from '../../server/orders/group-averages.ts';
import { rowsOf } from '../../server/orders/product-table.ts';
import { updateTop } from '../../server/orders/top-products.ts';
import { finish } from '../fixtures/finish.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { createMergedHeads, someCheckpoint } from '../fixtures/orders.ts';

/** A clock on which every look takes a millisecond, so that all work has to go in slices. */
function slowClock(): Clock & { readonly breaths: number; advance(ms: number): void } {
  let time = 0;
  let breaths = 0;
  return {
    ...manualClock(),
    monotonic: () => ++time,
    breathe() {
      breaths += 1;
      return new Promise((resolve) => setImmediate(resolve));
    },
    advance(ms) {
      time += ms;
    },
    get breaths() {
      return breaths;
    },
  };
}

function head(partition: number, counts: Iterable<[string, number]>, nextOffset = 1): Buffer {
  const averages: Averages = new Map(
    [...counts].map(([product, count]) => [product, { count, low: count * 10_000, carry: 0 }]),
  );
  return encodeCheckpoint(someCheckpoint({ partition, nextOffset, averages }));
}

const many = (length: number, offset = 0): [string, number][] =>
  Array.from({ length }, (_, i) => [`p${i + offset}`, 1 + ((i * 7919) % 5000)]);

/** The ranking as it is defined. */
function ranked(counts: ReadonlyMap<string, number>, size: number): string[] {
  const byRank = ([a, x]: [string, number], [b, y]: [string, number]) => y - x || (a < b ? -1 : 1);
  return [...counts]
    .sort(byRank)
    .slice(0, size)
    .map(([product]) => product);
}

t.test('the first ones stay right, whatever grows, falls, comes and goes', async (t) => {
  const product = fc.constantFrom(...'abcdefghij');
  const change = fc.tuple(product, fc.integer({ min: 0, max: 6 }));
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 5 })), fc.nat(6), (steps, extra) => {
      const size = 1 + extra;
      const averages: Averages = new Map();
      const counts = new Map<string, number>();
      let top: ReturnType<typeof finish<readonly { product: string; count: number }[]>> = [];
      for (const changes of steps) {
        for (const [name, count] of changes) {
          if (count === 0) averages.delete(name);
          else averages.set(name, { count, low: 0, carry: 0 });
          if (count === 0) counts.delete(name);
          else counts.set(name, count);
        }
        const changed = new Set(changes.map(([name]) => name));
        top = finish(updateTop(top, changed, averages, size));
        t.same(
          top.map(({ product }) => product),
          ranked(counts, size),
        );
      }
    }),
  );
});

t.test('sorting in steps is sorting', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { maxLength: 3000 }), (numbers) => {
      const compare = (a: number, b: number) => a - b;
      t.same(finish(sortInSteps(numbers, compare)), [...numbers].sort(compare));
    }),
    { numRuns: 20 },
  );
});

t.test('work in slices never overlaps, and its failure stays its own', async (t) => {
  const slices = createSlices(slowClock());
  const seen: string[] = [];
  function* work(name: string) {
    for (let i = 0; i < 20; i++) {
      seen.push(name);
      yield;
    }
    if (name === 'b') throw new Error('broken');
    return name;
  }
  const [a, b, c] = ['a', 'b', 'c'].map((name) => slices.run(() => work(name)));
  t.equal(slices.size(), 3);
  t.equal(await a, 'a');
  await t.rejects(Promise.resolve(b), { message: 'broken' });
  t.equal(await c, 'c');
  t.equal(seen.join(''), 'a'.repeat(20) + 'b'.repeat(20) + 'c'.repeat(20));
  t.equal(slices.size(), 0);
});

t.test('many products in three partitions are merged in slices, into one state', async (t) => {
  const clock = slowClock();
  const failures: unknown[] = [];
  const heads = createMergedHeads(clock, (_, error) => failures.push(error));
  const size = 5000;
  for (const partition of [0, 1, 2])
    heads.put(partition, head(partition, many(size, partition * 10)));
  const merging = heads.merge();
  t.ok(merging instanceof Promise);
  await merging;
  t.ok(clock.breaths > 10, 'others had their turn');
  t.equal(heads.merge(), undefined, 'nothing is left');
  t.equal(heads.state.averages.size, size + 20);
  t.equal(heads.state.top.length, SHOWN_PRODUCTS);
  t.equal(heads.takeChanges().products.size, SHOWN_PRODUCTS, 'only what is shown is told');

  const { table } = await heads.whole();
  t.equal(table.names.length, size + 20);
  t.same(table.names, [...table.names].sort());
  const sum = table.counts.reduce((a, b) => a + b, 0);
  t.equal(sum, heads.state.total.count);
  t.equal((await heads.whole()).table, table, 'made once');

  heads.put(1, head(1, [['new', 99_999], ...many(size, 10)], 2));
  await heads.merge();
  t.equal((await heads.whole()).table, table, 'who asks again at once gets the same');
  clock.advance(10_000);
  const later = (await heads.whole()).table;
  t.equal(table.names.length, size + 20, 'what was taken does not change');
  t.ok(later.names.includes('new'));
  t.equal(heads.state.top[0]?.product, 'new');
  t.ok(heads.takeChanges().products.has('new'));

  heads.put(1, head(1, [], 3));
  await heads.merge();
  clock.advance(10_000);
  t.notOk((await heads.whole()).table.names.includes('new'));
  t.equal(heads.state.averages.size, size + 20, 'the other partitions still have the rest');
  t.same(failures, []);
});

t.test('a head that cannot be decoded changes nothing', async (t) => {
  const failures: unknown[] = [];
  const heads = createMergedHeads(manualClock(), (_, error) => failures.push(error));
  heads.put(0, head(0, many(2000)));
  await heads.merge();
  const { count } = heads.state.total;
  const broken = head(0, [...many(1000), ['x', 5]], 2);
  heads.put(0, broken.subarray(0, broken.length - 3));
  await heads.merge();
  t.equal(failures.length, 1);
  t.equal(heads.state.total.count, count);
  t.equal(heads.state.heads.get(0)?.nextOffset, 1, 'and figures and products stay of one state');
});

t.test('a page is what the query says', async (t) => {
  const names = ['Apple', 'apricot', 'banana', 'Pineapple'];
  const table = {
    names,
    counts: Float64Array.of(3, 9, 3, 1),
    averagePrices: Float64Array.of(1, 2, 3, 4),
  };
  const rows = (query: Partial<Parameters<typeof rowsOf>[1]>) =>
    finish(
      rowsOf(table, { page: 1, size: 9, sort: 'count', order: 'desc', filter: '', ...query }),
    ).map((row) => names[row]);
  t.same(rows({}), ['apricot', 'Apple', 'banana', 'Pineapple'], 'equal ones by name');
  t.same(rows({ order: 'asc' }), ['Pineapple', 'Apple', 'banana', 'apricot']);
  t.same(rows({ sort: 'average' }), ['Pineapple', 'banana', 'apricot', 'Apple']);
  t.same(rows({ sort: 'product', order: 'asc' }), names);
  t.same(rows({ sort: 'product', order: 'desc' }), [...names].reverse());
  t.same(rows({ filter: 'APPLE' }), ['Apple', 'Pineapple']);
  t.same(rows({ filter: 'none' }), []);
});

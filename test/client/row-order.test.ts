import t from 'tap';
import { isSorted, nextShown, sorted, withNewcomers } from '../../client/src/row-order.ts';

const products = new Map([
  ['Item10', { count: 3, averagePrice: 5 }],
  ['Item2', { count: 3, averagePrice: 9 }],
  ['__proto__', { count: 7, averagePrice: 1 }],
]);

t.test('rows sort by any column, either way; ties go by name', async (t) => {
  const order = (key: 'product' | 'count' | 'average', ascending: boolean) =>
    sorted(products, { key, ascending });
  t.same(order('count', false), ['__proto__', 'Item2', 'Item10']);
  t.same(order('count', true), ['Item2', 'Item10', '__proto__']);
  t.same(order('average', false), ['Item2', 'Item10', '__proto__']);
  t.same(order('product', true), ['__proto__', 'Item2', 'Item10']);
});

t.test('newcomers stand at the end of a frozen order, and what is gone is left out', async (t) => {
  t.same(withNewcomers(['Item2', '__proto__'], products), ['Item2', '__proto__', 'Item10']);
  const order = ['Item2', '__proto__', 'Item10'];
  t.same(withNewcomers(order, products), order);
  t.same(withNewcomers(['Gone', 'Item2', '__proto__'], products), ['Item2', '__proto__', 'Item10']);
});

const values = (counts: Record<string, number>) =>
  new Map(Object.entries(counts).map(([name, count]) => [name, { count, averagePrice: 1 }]));
const byCount = { key: 'count', ascending: false } as const;

t.test('rows are sorted whenever nobody reads them, though the values go on', async (t) => {
  const at = (at: number) => ({ sort: byCount, at, reading: false });
  const first = nextShown(null, values({ a: 3, b: 2 }), at(0));
  const still = nextShown(first, values({ a: 4, b: 3 }), at(500));
  t.equal(still.products.get('a')?.count, 4, 'the order holds, so the values are new');
  const held = nextShown(still, values({ a: 4, b: 9 }), at(1000));
  t.equal(held.products.get('b')?.count, 3, 'values that contradict the order wait');
  const next = nextShown(held, values({ a: 4, b: 9 }), at(2000));
  t.same(next.order, ['b', 'a']);
  for (const { order, products } of [first, still, held, next]) {
    t.ok(isSorted(order, products, byCount));
  }
});

t.test('under the eyes of a reader the order stands still, and is said to be none', async (t) => {
  const reading = { sort: byCount, at: 9000, reading: true };
  const first = nextShown(null, values({ a: 3, b: 2 }), { ...reading, at: 0 });
  const read = nextShown(first, values({ a: 3, b: 9, c: 1 }), reading);
  t.same(read.order, ['a', 'b', 'c']);
  t.equal(read.products.get('b')?.count, 9);
  t.notOk(isSorted(read.order, read.products, byCount));
});

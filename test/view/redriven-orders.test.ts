import t from 'tap';
import { createRedrivenOrders } from '../../server/view/redriven-orders.ts';

const of = (...offsets: number[]) => Float64Array.from(offsets);

t.test(
  'an order counts as redriven in its own partition, from the first to the last',
  async (t) => {
    const orders = createRedrivenOrders();
    t.notOk(orders.has(0, 3));
    orders.set(0, { base: of(3, 5, 2 ** 40), since: of(1, 9) });
    const known = [0, 1, 2, 3, 4, 5, 9, 10, 2 ** 40].filter((offset) => orders.has(0, offset));
    t.same(known, [1, 3, 5, 9, 2 ** 40]);
    t.notOk(orders.has(1, 3));
    t.notOk(orders.has(0, -1), 'a letter without an order of ours');
  },
);

t.test('what stays the same is not looked at again', async (t) => {
  const orders = createRedrivenOrders();
  const base = of(1, 2);
  t.same(orders.set(0, { base, since: of(5) }), [base, of(5)]);
  t.same(orders.set(0, { base, since: of(5, 6) }), [of(5, 6)]);
  const grown = of(1, 2, 5, 6);
  t.same(orders.set(0, { base: grown, since: of() }), [grown, of()]);
  t.same(orders.set(1, { base: grown, since: of() }), [grown, of()], 'in another partition');
});

import fc from 'fast-check';
import t from 'tap';
import { Fault } from '../../server/log/fault.ts';
import { sumOf } from '../../server/orders/averages.ts';
import { encodeOrder, type Order } from '../../server/orders/order.ts';
import { createOrderFold, idOf } from '../../server/orders/order-fold.ts';
import { nameOf } from '../../server/orders/plain-order.ts';
import { NAMES_KEPT } from '../../server/orders/product-names.ts';
import { encodeSomeOrder, someOrder } from '../fixtures/some-order.ts';

const fold = createOrderFold({ maxProducts: 2, maxBytes: 200 });
const order = (product: string, price = 1) => someOrder({ product, price });

t.test('bytes are an order, or a fault that says why', async (t) => {
  const bytes = encodeOrder(order('Item1', 2.5));
  t.same(fold.decode(bytes, 0, bytes.length), order('Item1', 2.5));
  t.ok(fold.decode(bytes, 0, 3) instanceof Fault);
  t.equal(idOf(bytes), 'A1');
  t.equal(idOf(Buffer.from('no order')), null);
});

t.test('a product more than allowed is refused, and has room once another is gone', async (t) => {
  const state = fold.empty();
  fold.add(state, order('a'));
  fold.add(state, order('b'));
  t.equal(fold.admit(state, order('a')), null, 'a known one needs no room');
  t.match(fold.admit(state, order('c')), {
    text: 'PRODUCT_LIMIT: the partition has 2 products already',
  });
  fold.subtract(state, order('b'));
  t.equal(fold.admit(state, order('c')), null);
});

t.test('an order under way keeps the room it was admitted to', async (t) => {
  const state = fold.empty();
  fold.add(state, order('a'));
  fold.reserve(state, order('b'));
  fold.reserve(state, order('b'));
  t.ok(fold.admit(state, order('c')) instanceof Fault);
  fold.release(state, order('b'));
  t.ok(fold.admit(state, order('c')) instanceof Fault, 'another of them is under way');
  fold.release(state, order('b'));
  t.equal(fold.admit(state, order('c')), null);
});

t.test('names that would fill the checkpoint are refused', async (t) => {
  const state = fold.empty();
  t.ok(fold.admit(state, order('x'.repeat(171))) instanceof Fault);
  t.equal(fold.admit(state, order('x'.repeat(170))), null);
});

t.test(
  'what was never counted cannot be taken back, and the attempt changes nothing',
  async (t) => {
    const state = fold.empty();
    fold.add(state, order('a', 2));
    const before = structuredClone(state);
    t.throws(() => fold.subtract(state, order('b')), RangeError);
    t.throws(() => fold.subtract(state, order('a', 3)), RangeError);
    t.same(state, before);
  },
);

t.test('whatever is added and taken back, the state is that of what is left', async () => {
  const orders = fc
    .record({
      product: fc.constantFrom('a', 'b', '__proto__'),
      price: fc.float({ min: 0, max: 1e9, noNaN: true }),
    })
    .map(someOrder);
  fc.assert(
    fc.property(fc.array(orders), fc.array(orders), (kept, taken) => {
      const state = fold.empty();
      for (const each of [...kept, ...taken]) fold.add(state, each);
      for (const each of taken) fold.subtract(state, each);
      const alone = fold.empty();
      for (const each of kept) fold.add(alone, each);
      const sums = ({ averages }: typeof state) =>
        [...averages].map(([name, tally]) => `${name} ${tally.count} ${sumOf(tally)}`).sort();
      const again = fold.decodeState(fold.encode(state));
      const text = JSON.stringify(sums(alone));
      return (
        JSON.stringify(sums(state)) === text &&
        JSON.stringify(sums(again)) === text &&
        state.products === alone.products &&
        again.bytes === alone.bytes
      );
    }),
  );
});

t.test('a sum that a reader would refuse is not written', async (t) => {
  const tally = { count: 1, low: 1, carry: 0 };
  for (const wrong of [
    { ...tally, count: 0 },
    { ...tally, count: -1 },
    { ...tally, low: -1 },
    { ...tally, low: 2 ** 50 },
    { ...tally, carry: -1 },
    { ...tally, carry: 2 ** 53 },
    { ...tally, count: Number.NaN },
  ]) {
    const state = { ...fold.empty(), averages: new Map([['a', wrong]]) };
    t.throws(() => fold.encode(state), RangeError);
  }
});

t.test('a product that was taken back whole is counted anew when it comes again', async (t) => {
  const fold = createOrderFold({ maxProducts: 1, maxBytes: 1e6 });
  const state = fold.empty();
  const bytes = encodeSomeOrder({ orderId: 'order-1', product: 'Again', price: 2 });
  const order = fold.decode(bytes, 0, bytes.length) as Order;
  for (let round = 0; round < 2; round += 1) {
    t.equal(fold.admit(state, order), null);
    for (let times = 0; times < 4; times += 1) fold.add(state, order);
    t.equal(state.averages.get('Again')?.count, 4, 'what is added is in what is written');
    for (let times = 0; times < 4; times += 1) fold.subtract(state, order);
    t.equal(state.averages.size, 0);
    t.equal(state.products, 0, 'and its room is free');
  }
});

t.test('a name whose number was another name’s before is counted as itself', async (t) => {
  const fold = createOrderFold({ maxProducts: 1e6, maxBytes: 1e9 });
  const state = fold.empty();
  const decode = (product: string) => {
    const bytes = encodeSomeOrder({ orderId: 'order-1', product, price: 2 });
    return fold.decode(bytes, 0, bytes.length) as Order;
  };
  const numbers = new Map<number, string>();
  let taken = 0;
  for (let n = 0; taken < 100; n += 1) {
    const product = `Name${n}`;
    const order = decode(product);
    const { number } = nameOf(order)!;
    if (numbers.has(number)) taken += 1;
    numbers.set(number, product);
    // Known by its number from the second on.
    for (let times = 0; times < 3; times += 1) fold.add(state, order);
    if (state.averages.get(product)?.count !== 3) t.fail(`${product} is not counted as itself`);
  }
  t.ok(numbers.size <= NAMES_KEPT);
});

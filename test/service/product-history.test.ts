import t from 'tap';
import { createProductHistory } from '../../server/service/product-history.ts';

const counts = (entries: Record<string, number>) => new Map(Object.entries(entries));

t.test('a product has what came in each step, and a gap where that is not known', async (t) => {
  const history = createProductHistory();
  t.same(history.read(), { step: 10, to: null, products: [] });
  history.sample(0, counts({ Lamp: 5 }));
  history.sample(10_000, counts({ Lamp: 8, Mug: 1 }));
  history.sample(20_000, null);
  history.sample(30_000, counts({ Lamp: 9, Mug: 1 }));
  history.sample(40_000, counts({ Lamp: 7, Mug: 4 }));
  t.same(history.read(), {
    step: 10,
    to: '1970-01-01T00:00:40.000Z',
    products: [
      { product: 'Lamp', orders: [3, null, null, null] },
      { product: 'Mug', orders: [1, null, null, 3] },
    ],
  });
});

t.test('of a product that was not among the thousand before, nobody knows', async (t) => {
  const history = createProductHistory();
  const thousand = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`Item${n}`, 5]));
  history.sample(0, counts(thousand));
  history.sample(10_000, counts({ ...thousand, Lamp: 6 }));
  t.same(history.read().products.at(-1), { product: 'Lamp', orders: [null] });
});

t.test('only the last four minutes are kept, of what is shown now', async (t) => {
  const history = createProductHistory();
  for (let n = 0; n < 100; n += 1) history.sample(n * 10_000, counts({ Lamp: n }));
  t.same(history.read().products, [{ product: 'Lamp', orders: new Array(24).fill(1) }]);
  history.sample(1_000_000, counts({ Mug: 1 }));
  t.same(
    history.read().products.map(({ product }) => product),
    ['Mug'],
  );
});

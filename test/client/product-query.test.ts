import t from 'tap';
import { sortOf, sortText } from '../../client/src/product-query.ts';

t.test(
  'an order is written into the address and read from it; nonsense is the usual order',
  async (t) => {
    t.equal(sortText({ key: 'count', ascending: false }), null);
    for (const text of ['product.asc', 'average.desc', 'count.asc']) {
      t.equal(sortText(sortOf(text)), text);
    }
    for (const text of [null, '', 'price.asc', 'count', 'toString.asc', 'count.asc.asc']) {
      t.same(sortOf(text), { key: 'count', ascending: false }, `${text}`);
    }
  },
);

import t from 'tap';
import { sorted, withNewcomers } from '../../client/src/row-order.ts';

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

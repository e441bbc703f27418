import t from 'tap';
import { createOrderGenerator, reasons } from '../../server/orders/order-generator.ts';
import { judge } from '../fixtures/oracle.ts';

type Options = Parameters<typeof createOrderGenerator>[0];

function take(count: number, options: Partial<Options> = {}) {
  const generator = createOrderGenerator({ seed: 7, products: 4, badRatio: 0, ...options });
  return Array.from({ length: count }, () => generator.next());
}

t.test('the same seed makes the same orders, another seed others', async (t) => {
  const bytes = (seed: number) =>
    take(500, { badRatio: 0.5, seed }).map(({ key, value }) => `${key} ${value?.toString('hex')}`);
  const [first, again, other] = [bytes(7), bytes(7), bytes(8)].map((lines) => lines.join('\n'));
  t.ok(first === again);
  t.ok(first !== other);
});

t.test('a good order has its id as key, a product of the list and a price in cents', async (t) => {
  const products = new Set<string>();
  const ids = new Set<string>();
  for (const { orderId, key, value, reason, describe } of take(1000)) {
    const verdict = judge(value);
    if ('reason' in verdict) return t.fail(`${orderId} is bad: ${verdict.reason}`);
    products.add(verdict.product);
    ids.add(orderId);
    const cents = Number(verdict.price) / 100;
    const sound =
      verdict.orderId === orderId &&
      key.toString() === orderId &&
      reason === undefined &&
      cents >= 100 &&
      cents <= 50_000 &&
      describe().includes(`${verdict.product}  ${(Math.round(cents) / 100).toFixed(2)}`);
    if (!sound) return t.fail(`${describe()} is not what was sent: ${verdict.price}`);
  }
  t.strictSame([...products].sort(), ['Item1', 'Item2', 'Item3', 'Item4']);
  t.equal(ids.size, 1000, 'no id twice');
});

t.test('a bad order is bad for the reason it says, and every reason comes up', async (t) => {
  const seen = new Set<string>();
  for (const { value, reason, describe } of take(3000, { badRatio: 1 })) {
    const verdict = judge(value);
    if (reason === undefined || !('reason' in verdict) || verdict.reason !== reason) {
      return t.fail(`${describe()} is not: ${JSON.stringify(verdict, (_, v) => `${v}`)}`);
    }
    seen.add(reason);
  }
  t.strictSame([...seen].sort(), [...reasons].sort());
  t.equal(reasons.length, 14);
});

t.test('the share of bad orders is the one asked for', async (t) => {
  const bad = take(20_000, { badRatio: 0.02 }).filter(({ reason }) => reason !== undefined);
  t.ok(bad.length > 300 && bad.length < 500, `${bad.length} of 20,000`);
});

import fc from 'fast-check';
import t from 'tap';
import { type Averages, add, merge, subtract, sumOf, view } from '../../server/orders/averages.ts';
import { toUnits } from '../../server/orders/money.ts';

const price = fc.float({ min: 0, max: 1e9, noNaN: true });

t.test('sums are exact and independent of the order of additions', async (t) => {
  fc.assert(
    fc.property(fc.array(price, { maxLength: 300 }), (prices) => {
      const exact = prices.reduce((sum, value) => sum + BigInt(toUnits(value)), 0n);
      for (const order of [prices, prices.toReversed()]) {
        const averages: Averages = new Map();
        for (const value of order) add(averages, 'a', value);
        const tally = averages.get('a');
        t.equal(tally === undefined ? 0n : sumOf(tally), exact);
      }
    }),
  );
});

t.test('taking back undoes counting', async (t) => {
  fc.assert(
    fc.property(fc.array(price, { minLength: 1 }), price, (prices, extra) => {
      const averages: Averages = new Map();
      for (const value of prices) add(averages, '__proto__', value);
      const before = { ...averages.get('__proto__') };
      add(averages, '__proto__', extra);
      subtract(averages, '__proto__', extra);
      t.same(averages.get('__proto__'), before);
    }),
  );
});

t.test('a product without orders is gone', async (t) => {
  const averages: Averages = new Map();
  add(averages, 'a', 5);
  subtract(averages, 'a', 5);
  t.equal(averages.size, 0);
  t.throws(() => subtract(averages, 'a', 5), RangeError);
});

t.test('an average is the number nearest to the exact quotient', async (t) => {
  const tally = fc.record({
    count: fc.integer({ min: 1, max: 2 ** 51 }),
    low: fc.nat(2 ** 31 - 1).map((n) => n * 2 ** 19 + 1),
    carry: fc.oneof(fc.nat(3), fc.nat(2 ** 31 - 1)),
  });
  fc.assert(
    fc.property(tally, (each) => {
      const { averagePrice } = view(each);
      // As whole numbers: twice as far as the next number on either side is farther.
      const [numerator, denominator] = [sumOf(each), BigInt(each.count) * 10_000n];
      const scale = 2n ** 400n;
      const distance = (value: number) => {
        const [mantissa, exponent] = partsOf(value);
        const scaled = mantissa * 2n ** (400n + exponent) * denominator - numerator * scale;
        return scaled < 0n ? -scaled : scaled;
      };
      const step = averagePrice * Number.EPSILON;
      const near = [averagePrice - step, averagePrice + step].filter((n) => n !== averagePrice);
      return near.every((other) => distance(averagePrice) <= distance(other));
    }),
  );
  t.pass();
});

/** A positive number as mantissa and power of two. */
function partsOf(value: number): [bigint, bigint] {
  const exponent = Math.floor(Math.log2(value)) - 60;
  return [BigInt(value * 2 ** -exponent), BigInt(exponent)];
}

t.test('sums beyond the safe integers carry', async (t) => {
  const averages: Averages = new Map();
  for (let i = 0; i < 10_000; i += 1) add(averages, 'a', 1e9);
  const tally = averages.get('a')!;
  t.equal(sumOf(tally), 10_000n * 10n ** 13n);
  t.same(view(tally), { count: 10_000, averagePrice: 1e9 });
});

t.test('merging there and back leaves nothing', async (t) => {
  fc.assert(
    fc.property(fc.array(price, { minLength: 1 }), fc.array(price, { minLength: 1 }), (a, b) => {
      const one: Averages = new Map();
      const two: Averages = new Map();
      for (const value of a) add(one, 'p', value);
      for (const value of b) add(two, 'p', value);
      const merged = { ...one.get('p')! };
      merge(merged, two.get('p')!, 1);
      merge(merged, two.get('p')!, -1);
      t.same(merged, one.get('p'));
    }),
  );
});

t.test('a price is a whole number of ten-thousandths, minus zero counts as zero', async (t) => {
  t.equal(toUnits(Math.fround(12.34)), 123_400);
  t.equal(toUnits(Math.fround(1e-45)), 0);
  const averages: Averages = new Map();
  add(averages, 'a', -0);
  t.ok(Object.is(averages.get('a')!.low, 0));
});

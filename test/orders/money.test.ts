import fc from 'fast-check';
import t from 'tap';
import { toUnits } from '../../server/orders/money.ts';

/** The same by whole numbers alone, from the text that names the price. */
function unitsOf(price: number): bigint {
  const [mantissa = '', exponent = '0'] = String(price).split('e');
  const [whole = '', decimals = ''] = mantissa.split('.');
  const digits = BigInt(whole + decimals);
  const places = decimals.length - Number(exponent) - 4;
  if (places <= 0) return digits * 10n ** BigInt(-places);
  return (digits + 5n * 10n ** BigInt(places - 1)) / 10n ** BigInt(places);
}

t.test('a price counts as the number that names it, halves rounded up', async (t) => {
  for (const [price, units] of [
    [12.34, 123_400],
    [0.1, 1000],
    [1.00005, 10_001],
    [1.00015, 10_002],
    [1.00025, 10_003],
    [0.00005, 1],
    [0.000049999, 0],
    [4.35e-5, 0],
    [1e-45, 0],
    [1e9, 1e13],
    [999_999_999.99995, 1e13],
    [16_777_217, 167_772_170_000],
    [-0, 0],
  ] as const) {
    t.ok(Object.is(toUnits(price), units), `${price}: ${toUnits(price)}`);
  }
});

t.test('a float counts as what it is, not as what it was meant to be', async (t) => {
  for (const [meant, units] of [
    [12.34, 123_400],
    [19.99, 199_900],
    [0.1, 1000],
    [0.00005, 0],
    [16_777_217, 167_772_160_000],
    [123_456.78, 1_234_567_813],
    [999_999_999.99, 1e13],
  ] as const) {
    t.equal(toUnits(Math.fround(meant)), units, `${meant}`);
  }
});

t.test('whatever the price, whole numbers come to the same', async () => {
  const near = fc.nat(1e9).chain((n) => fc.constantFrom(n / 1e5, n / 2e4, (n * 2 + 1) / 2e4, n));
  const price = fc.oneof(
    fc.double({ min: 0, max: 1e9, noNaN: true }),
    fc.float({ min: 0, max: 1e9, noNaN: true }),
    near,
  );
  fc.assert(
    fc.property(price, (each) => BigInt(toUnits(each)) === unitsOf(each)),
    { numRuns: 20_000 },
  );
});

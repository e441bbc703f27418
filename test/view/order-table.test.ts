import fc from 'fast-check';
import t from 'tap';
import { createOrderTable } from '../../server/view/order-table.ts';

const origin = fc.oneof(fc.nat({ max: 40 }), fc.maxSafeNat());
const step = fc.record({ add: fc.boolean(), origin });

t.test('whatever comes and goes, an order is found where its letter is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 400, size: 'max' }), async (steps) => {
      const origins: number[] = [];
      const rows = new Map<number, number>();
      const table = createOrderTable((row) => origins[row]!);
      for (const { add, origin } of steps) {
        const isNew = !rows.has(origin);
        if (add) {
          const row = origins.push(origin) - 1;
          t.equal(table.add(origin, row), isNew, 'of two letters for an order the first counts');
          if (isNew) rows.set(origin, row);
        } else {
          table.delete(origin);
          rows.delete(origin);
        }
      }
      for (const { origin } of steps) t.equal(table.get(origin), rows.get(origin) ?? null);
    }),
  );
});

t.test('it grows in pieces: no letter waits until all others have moved', async (t) => {
  const ORDERS = 300_000;
  let looks = 0;
  let most = 0;
  const table = createOrderTable((row) => {
    looks += 1;
    return row * 3;
  });
  for (let row = 0; row < ORDERS; row += 1) {
    const before = looks;
    table.add(row * 3, row);
    most = Math.max(most, looks - before);
  }
  t.ok(most < ORDERS / 10, `${most} orders were looked at for one letter`);
  t.ok(looks < ORDERS * 20);
  t.equal(table.get(3 * (ORDERS - 1)), ORDERS - 1);
  t.equal(table.get(1), null);
});

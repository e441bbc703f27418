import { readFileSync } from 'node:fs';
import avro from 'avsc';
import fc from 'fast-check';
import t from 'tap';
import {
  type Checkpoint,
  decodeCheckpoint,
  decodeStamp,
  decodeSummary,
  encodeCheckpoint,
  NO_PRODUCTS,
  productChanges,
  succeeds,
} from '../../server/domain/checkpoint.ts';
import { finish } from '../fixtures/finish.ts';

const checkpoint: Checkpoint = {
  group: 'g',
  nextOffset: 1000,
  deadLetterOffset: 7,
  generation: 3,
  ownerStartedAt: 1_700_000_000_000,
  owner: 'host-1',
  topic: 'orders',
  partition: 2,
  writtenAt: 1_700_000_100_000,
  start: 10,
  highWatermark: 1200,
  deadLettered: 5,
  gaps: 2,
  corrections: 1,
  retries: 9,
  restarts: 0,
  lost: [{ from: 20, to: 30 }],
  pending: [
    {
      offset: 990,
      attempts: 2,
      firstFailedAt: 1_700_000_099_000,
      dueAt: 1_700_000_101_000,
      error: 'busy',
    },
    {
      offset: 999,
      attempts: 0,
      firstFailedAt: 1_700_000_100_000,
      dueAt: 1_700_000_100_000,
      error: 'busy',
    },
  ],
  averages: new Map([
    ['__proto__', { count: 3, low: 123_456, carry: 0 }],
    ['Item1', { count: 2 ** 40, low: 2 ** 50 - 1, carry: 12_345 }],
  ]),
};

t.test('a checkpoint comes back as it was written', async (t) => {
  t.same(decodeCheckpoint(encodeCheckpoint(checkpoint)), checkpoint);
});

t.test('its stamp can be read alone', async (t) => {
  t.same(decodeStamp(encodeCheckpoint(checkpoint)), {
    version: 1,
    group: 'g',
    nextOffset: 1000,
    deadLetterOffset: 7,
    generation: 3,
    ownerStartedAt: 1_700_000_000_000,
    owner: 'host-1',
    pendingCount: 2,
  });
});

t.test('a newer version, cut bytes and garbage are refused in words', async (t) => {
  const bytes = encodeCheckpoint(checkpoint);
  const newer = Buffer.from(bytes);
  newer[0] = 4;
  t.throws(() => decodeCheckpoint(newer), { code: 'INCONSISTENT_STATE', message: /version 2/ });
  for (const wrong of [bytes.subarray(0, 40), Buffer.alloc(0), Buffer.from('garbage')]) {
    t.throws(() => decodeCheckpoint(wrong), { code: 'INCONSISTENT_STATE' });
  }
});

t.test('the head is never behind in either log', async (t) => {
  const head = decodeStamp(encodeCheckpoint(checkpoint));
  t.ok(succeeds({ ...head, nextOffset: 1001 }, head));
  t.notOk(succeeds({ ...head, nextOffset: 1001, deadLetterOffset: 6 }, head));
  t.notOk(succeeds({ ...head, nextOffset: 999, deadLetterOffset: 9 }, head));
  t.notOk(succeeds({ ...head, pendingCount: 3 }, head), 'at the same place it knows less');
  t.ok(succeeds({ ...head, pendingCount: 1 }, head));
});

t.test('avsc reads what is written, by the schema as it stands', async (t) => {
  const type = avro.Type.forSchema(JSON.parse(readFileSync('avro/checkpoint.avsc', 'utf8')));
  const product = fc.record({
    product: fc.string({ maxLength: 40, unit: 'grapheme' }),
    count: fc.maxSafeNat().map((value) => Math.floor(value / 2)),
    low: fc.integer({ min: 0, max: 2 ** 50 - 1 }).filter(Number.isSafeInteger),
    carry: fc.nat(),
  });
  const products = fc.uniqueArray(product, { selector: (one) => one.product, maxLength: 20 });
  fc.assert(
    fc.property(products, (list) => {
      const averages = new Map(list.map(({ product: name, ...tally }) => [name, tally]));
      const bytes = encodeCheckpoint({ ...checkpoint, averages });
      t.same(type.fromBuffer(bytes).products, list);
      t.same(decodeCheckpoint(bytes).averages, averages);
    }),
  );
});

t.test(
  'the changes between two checkpoints turn the products of one into those of the other',
  async (t) => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'é', 'a much longer name'.repeat(9));
    const tally = fc.record({
      count: fc.integer({ min: 1, max: 300 }),
      low: fc.nat(3),
      carry: fc.nat(1),
    });
    const averages = fc.array(fc.tuple(name, tally)).map((list) => new Map(list));
    fc.assert(
      fc.property(averages, averages, fc.boolean(), (before, other, follows) => {
        const after = follows ? new Map([...before, ...other]) : other;
        const old = decodeSummary(encodeCheckpoint({ ...checkpoint, averages: before }));
        const first = finish(productChanges(NO_PRODUCTS, old.products));
        t.same(new Map(first.map((one) => [one.product, one.after])), before);
        const { summary, products } = decodeSummary(
          encodeCheckpoint({ ...checkpoint, averages: after }),
        );
        const { pending, averages: _, ...rest } = checkpoint;
        t.same(summary, { ...rest, pendingCount: pending.length });
        const result = new Map(before);
        const changes = finish(productChanges(old.products, products));
        for (const { product, before: was, after: is } of changes) {
          t.same(was, result.get(product));
          t.notSame(is, was, 'only what differs');
          if (is === undefined) result.delete(product);
          else result.set(product, is);
        }
        t.same(Object.fromEntries(result), Object.fromEntries(after));
      }),
    );
  },
);

t.test('a checkpoint cut anywhere, or with bytes too many, is refused', async (t) => {
  const bytes = encodeCheckpoint(checkpoint);
  for (let length = 0; length < bytes.length; length += 1) {
    const cut = bytes.subarray(0, length);
    t.throws(() => decodeCheckpoint(cut), { code: 'INCONSISTENT_STATE' });
    t.throws(() => finish(productChanges(NO_PRODUCTS, decodeSummary(cut).products)), {
      code: 'INCONSISTENT_STATE',
    });
  }
  const longer = Buffer.concat([bytes, Buffer.alloc(1)]);
  t.throws(() => decodeCheckpoint(longer), { code: 'INCONSISTENT_STATE' });
});

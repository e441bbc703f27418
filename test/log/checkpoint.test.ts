import { readFileSync } from 'node:fs';
import avro from 'avsc';
import fc from 'fast-check';
import t from 'tap';
import {
  decodeSummary,
  MAX_CHECKPOINT_BYTES,
  MAX_ERRORS_BYTES,
} from '../../server/log/checkpoint.ts';
import { decodeStamp, succeeds } from '../../server/log/checkpoint-stamp.ts';
import { diffProducts, encodeProducts, NO_PRODUCTS } from '../../server/orders/averages-codec.ts';
import { finish } from '../fixtures/finish.ts';
import {
  type OrderCheckpoint as Checkpoint,
  readCheckpoint as decodeCheckpoint,
  writeCheckpoint as encodeCheckpoint,
} from '../fixtures/orders.ts';

const checkpoint: Omit<Checkpoint, 'folded'> & { folded: Buffer } = {
  folded: NO_PRODUCTS,
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
  base: 77,
  redrivesFrom: 12,
  foreign: 4,
  copies: 3,
  redrivenCount: 100,
  copyRanges: [
    { from: 40, to: 41, count: 1 },
    { from: 50, to: 60, count: 2 },
  ],
  commands: [
    { id: 'c1', seen: 3, failedAgain: 1, waiting: [999, 990] },
    { id: '~', seen: 0, failedAgain: 0, waiting: [] },
  ],
  redriven: Buffer.from([4, 2]),
  deadLetters: Buffer.from([6]),
  topicId: '0af1'.repeat(8),
  fingerprint: null,
  deadLetterTopicId: null,
  deadLetterFingerprint: { offset: 6, hash: '1-2-3' },
  lost: [{ from: 20, to: 30, count: 10 }],
  gapRanges: [{ from: 30, to: 33, count: 2 }],
  pending: [
    {
      offset: 990,
      attempts: 2,
      firstFailedAt: 1_700_000_099_000,
      dueIn: 1000,
      givenUp: null,
      error: 'busy',
    },
    {
      offset: 999,
      attempts: 0,
      firstFailedAt: 1_700_000_100_000,
      dueIn: 0,
      givenUp: 'PERMANENT',
      error: 'busy',
    },
  ],
  averages: new Map([
    ['__proto__', { count: 3, low: 123_456, carry: 0 }],
    ['Item1', { count: 2 ** 40, low: 2 ** 50 - 1, carry: 12_345 }],
  ]),
};

t.test('a checkpoint comes back as it was written', async (t) => {
  const { folded, ...rest } = decodeCheckpoint(encodeCheckpoint(checkpoint));
  t.same({ ...rest, folded: NO_PRODUCTS }, checkpoint);
  t.same(folded, encodeProducts(checkpoint.averages));
});

t.test('its stamp can be read alone', async (t) => {
  t.same(decodeStamp(encodeCheckpoint(checkpoint)), {
    version: 3,
    group: 'g',
    nextOffset: 1000,
    deadLetterOffset: 7,
    generation: 3,
    ownerStartedAt: 1_700_000_000_000,
    owner: 'host-1',
    pendingCount: 2,
    base: 77,
  });
});

t.test('a newer version, cut bytes and garbage are refused in words', async (t) => {
  const bytes = encodeCheckpoint(checkpoint);
  const newer = Buffer.from(bytes);
  newer[0] = 8;
  t.throws(() => decodeCheckpoint(newer), { code: 'INCONSISTENT_STATE', message: /version 4/ });
  for (const wrong of [bytes.subarray(0, 40), Buffer.alloc(0), Buffer.from('garbage')]) {
    t.throws(() => decodeCheckpoint(wrong), { code: 'INCONSISTENT_STATE' });
  }
});

t.test('the head is never behind in either log', async (t) => {
  const head = { ...decodeStamp(encodeCheckpoint(checkpoint)), offset: 80 };
  t.ok(succeeds({ ...head, nextOffset: 1001 }, head));
  t.notOk(succeeds({ ...head, nextOffset: 1001, deadLetterOffset: 6 }, head));
  t.notOk(succeeds({ ...head, nextOffset: 999, deadLetterOffset: 9 }, head));
  t.notOk(succeeds({ ...head, pendingCount: 3 }, head), 'at the same place it knows less');
  t.ok(succeeds({ ...head, pendingCount: 1 }, head));
});

t.test('the head leans on nothing that who wrote the one before may have deleted', async (t) => {
  const stamp = decodeStamp(encodeCheckpoint({ ...checkpoint, base: -1 }));
  const next = (base: number) => ({ ...stamp, nextOffset: 2000, base });
  const alone = { ...stamp, offset: 80 };
  t.ok(succeeds(next(-1), alone));
  t.ok(succeeds(next(80), alone));
  t.notOk(succeeds(next(79), alone));
  const leaning = { ...stamp, base: 60, offset: 80 };
  t.ok(succeeds(next(60), leaning));
  t.ok(succeeds(next(70), leaning));
  t.notOk(succeeds(next(59), leaning));
});

t.test('a checkpoint of an older program never takes the place of a newer one', async (t) => {
  const head = { ...decodeStamp(encodeCheckpoint(checkpoint)), offset: 80 };
  t.notOk(succeeds({ ...head, version: 2, base: -1, nextOffset: 2000 }, head));
  t.ok(succeeds({ ...head, base: -1 }, { ...head, version: 2, base: -1 }));
});

t.test('avsc reads what is written, by the schema as it stands', async (t) => {
  const type = avro.Type.forSchema(JSON.parse(readFileSync('avro/checkpoint.avsc', 'utf8')));
  const product = fc.record({
    product: fc.string({ maxLength: 40, unit: 'grapheme' }),
    count: fc.integer({ min: 1, max: 2 ** 52 - 1 }),
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
        const first = finish(diffProducts(NO_PRODUCTS, old.folded));
        t.same(new Map(first.map((one) => [one.product, one.after])), before);
        const { summary, folded } = decodeSummary(
          encodeCheckpoint({ ...checkpoint, averages: after }),
        );
        const { pending, averages: _, folded: __, gapRanges: ___, ...more } = checkpoint;
        const { copyRanges: _1, deadLetters: _2, ...rest } = more;
        t.same(summary, { ...rest, pendingCount: pending.length });
        const result = new Map(before);
        const changes = finish(diffProducts(old.folded, folded));
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
    t.throws(() => decodeCheckpoint(cut));
    t.throws(() => finish(diffProducts(NO_PRODUCTS, decodeSummary(cut).folded)));
  }
  const longer = Buffer.concat([bytes, Buffer.alloc(1)]);
  t.throws(() => decodeCheckpoint(longer), RangeError);
});

/** The schema as an older version had it. */
function schemaOf(version: number, part: unknown): unknown {
  if (Array.isArray(part)) {
    const kept = part.filter((item) => ((item as { since?: number }).since ?? 1) <= version);
    return kept.map((item) => schemaOf(version, item));
  }
  if (part === null || typeof part !== 'object') return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, item]) => [key, schemaOf(version, item)]),
  );
}

/** The checkpoint as a program of that version wrote it, with one order waiting. */
function bytesOf(version: number): Buffer {
  const schema = JSON.parse(readFileSync('avro/checkpoint.avsc', 'utf8'));
  return avro.Type.forSchema(schemaOf(version, schema) as avro.Schema).toBuffer({
    ...checkpoint,
    fingerprint: null,
    deadLetterFingerprint: null,
    version,
    pendingCount: 1,
    errors: ['busy'],
    pending: [{ behind: 10, attempts: 2, failedAgo: -5, dueIn: -7, error: 0 }],
    products: [{ product: 'Item1', count: 2, low: 3, carry: 0 }],
  });
}

/** What older versions did not know of. */
const noRedrives = {
  base: -1,
  redrivesFrom: 1000,
  foreign: 0,
  copies: 0,
  redrivenCount: 0,
  commands: [],
  redriven: Buffer.alloc(0),
};

t.test('a checkpoint of version 1 is read, without what it did not know', async (t) => {
  const bytes = bytesOf(1);
  const { summary } = decodeSummary(bytes);
  const lost = [{ from: 20, to: 30, count: 10 }];
  t.match(summary, { ...noRedrives, topicId: null, lost, gaps: 2 });
  t.match(decodeCheckpoint(bytes), {
    ...noRedrives,
    nextOffset: 1000,
    deadLettered: 5,
    topicId: null,
    fingerprint: null,
    deadLetterTopicId: null,
    deadLetterFingerprint: null,
    copyRanges: [],
    gapRanges: [{ from: 10, to: 1000, count: 2 }],
    pending: [{ offset: 990, dueIn: 0, firstFailedAt: checkpoint.writtenAt + 5, error: 'busy' }],
    averages: new Map([['Item1', { count: 2, low: 3, carry: 0 }]]),
  });
});

t.test('a checkpoint of version 2 knows nothing of what was redriven below it', async (t) => {
  const bytes = bytesOf(2);
  t.equal(decodeStamp(bytes).base, -1);
  t.match(decodeSummary(bytes).summary, { ...noRedrives, topicId: checkpoint.topicId });
  t.match(decodeCheckpoint(bytes), {
    ...noRedrives,
    lost: checkpoint.lost,
    gapRanges: checkpoint.gapRanges,
    copyRanges: [],
    deadLetters: Buffer.alloc(0),
    pending: [{ offset: 990 }],
    averages: new Map([['Item1', { count: 2, low: 3, carry: 0 }]]),
  });
});

t.test('what a reader would refuse is not written', async (t) => {
  const [first] = checkpoint.pending;
  const wrong: Partial<Checkpoint>[] = [
    { start: -1 },
    { nextOffset: 9 },
    { nextOffset: 2 ** 53 },
    { deadLetterOffset: Number.NaN },
    { deadLettered: -1 },
    { gaps: -2 },
    { gaps: 1.5 },
    { retries: -1 },
    { writtenAt: 9e15 },
    { lost: [{ from: 20, to: 30, count: 11 }] },
    { lost: [{ from: 20, to: 1001, count: 1 }] },
    { gapRanges: [{ from: 30, to: 30, count: 0 }] },
    {
      gapRanges: [
        { from: 30, to: 33, count: 2 },
        { from: 32, to: 40, count: 1 },
      ],
    },
    { pending: [{ ...first!, offset: 1000 }] },
    { pending: [{ ...first!, offset: 9 }] },
    { pending: [{ ...first!, attempts: -1 }] },
    { base: -2 },
    { foreign: -1 },
    { copies: 4 },
    { redrivesFrom: 9 },
    { redrivesFrom: 1001 },
    { copyRanges: [{ from: 999, to: 1002, count: 3 }] },
    { commands: [{ id: '', seen: 1, failedAgain: 0, waiting: [] }] },
    { commands: [{ id: 'c', seen: -1, failedAgain: 0, waiting: [] }] },
    { commands: [{ id: 'c', seen: 1, failedAgain: 0, waiting: [991] }] },
    { commands: [{ id: 'c', seen: 1, failedAgain: 0, waiting: [990, 990] }] },
  ];
  for (const change of wrong) {
    t.throws(() => encodeCheckpoint({ ...checkpoint, ...change }), { code: 'INCONSISTENT_STATE' });
  }
});

/** Nothing that stands in an array. */
const none = { lost: [], gapRanges: [], copyRanges: [], copies: 0, commands: [], pending: [] };

t.test('a length that is claimed is not believed', async (t) => {
  const bytes = encodeCheckpoint({ ...checkpoint, ...none });
  const claim = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]);
  for (let at = 1; at < bytes.length; at += 1) {
    const lying = Buffer.concat([bytes.subarray(0, at), claim, bytes.subarray(at + 1)]);
    for (const decode of [decodeCheckpoint, decodeSummary, decodeStamp]) {
      try {
        decode(lying);
      } catch (error) {
        const known = (error as { code?: string }).code === 'INCONSISTENT_STATE';
        t.ok(known || error instanceof RangeError);
      }
    }
  }
});

/** So many orders that wait, each with a text of its own. */
function waiting(count: number, text: (n: number) => string, ago = 0): Checkpoint['pending'] {
  return Array.from({ length: count }, (_, n) => ({
    offset: 10 + n,
    attempts: 1001,
    firstFailedAt: checkpoint.writtenAt - ago,
    dueIn: 86_400_000,
    givenUp: n % 2 === 0 ? null : ('RETRIES_EXHAUSTED' as const),
    error: text(n),
  }));
}

t.test(
  'texts take a bounded part of a checkpoint, and why an order was given up is kept without its text',
  async (t) => {
    const text = (n: number) => `order ${n} ${'é'.repeat(90)}`;
    const state = { ...checkpoint, ...none, nextOffset: 100_000, pending: waiting(60_000, text) };
    const bytes = encodeCheckpoint(state);
    const bare = encodeCheckpoint({ ...state, pending: waiting(60_000, () => '') });
    t.ok(bytes.length < bare.length + MAX_ERRORS_BYTES + 3 * 60_000);
    const { pending } = decodeCheckpoint(bytes);
    t.equal(pending[0]?.error, text(0));
    const error = 'the text was left out of the checkpoint';
    t.match(pending.at(-2), { error, givenUp: null });
    t.match(pending.at(-1), { error, givenUp: 'RETRIES_EXHAUSTED' });
  },
);

t.test('the largest state that the limits allow fits into a record', async (t) => {
  const range = (n: number) => ({
    from: 2 ** 52 - 9000 + 2 * n,
    to: 2 ** 52 - 8999 + 2 * n,
    count: 1,
  });
  const ranges = Array.from({ length: 2048 }, (_, n) => range(n));
  const averages = new Map<string, { count: number; low: number; carry: number }>();
  // As order-processor.ts measures it: the name and 30 bytes.
  const name = (n: number) => `${n}`.padStart(256, 'p');
  for (let taken = 0; taken + 286 <= 6 * 2 ** 20; taken += 286) {
    averages.set(name(averages.size), { count: 2 ** 51, low: 2 ** 50 - 1, carry: 2 ** 51 });
  }
  const nextOffset = 2 ** 52 - 1;
  const text = (n: number) => `${n} ${'\u{1f600}'.repeat(99)}`;
  const pending = waiting(100_000, text, 2 ** 40).map((order, n) => ({
    ...order,
    offset: nextOffset - 2 ** 33 - n,
  }));
  const group = 'g'.repeat(32_767);
  const large = { ...checkpoint, ...none, group, nextOffset, averages };
  Object.assign(large, { lost: ranges, gapRanges: ranges });
  const bytes = encodeCheckpoint({ ...large, pending });
  t.ok(bytes.length <= MAX_CHECKPOINT_BYTES, `${bytes.length} of ${MAX_CHECKPOINT_BYTES}`);
  t.equal(decodeCheckpoint(bytes).pending.length, pending.length);
});

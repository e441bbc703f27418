import { createHash } from 'node:crypto';
import t from 'tap';
import { FORMS, shorten } from '../../server/log/dead-letter-form.ts';
import { Fault, MAX_VALUE_BYTES } from '../../server/log/fault.ts';
import { decodeOrder } from '../../server/orders/decode-order.ts';

const header = (key: string, bytes: number) => ({
  key: Buffer.from(key),
  value: Buffer.alloc(bytes, key),
});
const nothing = { key: null, value: null, headers: [] };
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

t.test('the first form is the whole record', async (t) => {
  const value = Buffer.alloc(3_000_000, 'v');
  const headers = [
    header('trace', 900_000),
    header('trace', 1),
    { ...header('x', 0), value: null },
  ];
  const record = { key: Buffer.alloc(100_000, 'k'), value, headers };
  t.same(await shorten(record, FORMS[0]!), { ...record, notes: [] });
});

t.test('of a long value and key the first bytes are left, with length and hash', async (t) => {
  const value = Buffer.alloc(3_000_000, 'v');
  const key = Buffer.alloc(100_000, 'k');
  const second = await shorten({ key, value, headers: [] }, FORMS[1]!);
  t.same(second.value, value.subarray(0, MAX_VALUE_BYTES));
  t.same(second.key, key);
  t.same(second.notes, [
    ['value.bytes', 3_000_000],
    ['value.sha256', sha256(value)],
  ]);
  const last = await shorten({ key, value, headers: [] }, FORMS.at(-1)!);
  t.ok(last.value!.length + last.key!.length < 4096);
  t.same(last.notes.slice(2), [
    ['key.bytes', 100_000],
    ['key.sha256', sha256(key)],
  ]);
});

t.test('a value that might be an order is never cut', async (t) => {
  const value = Buffer.alloc(MAX_VALUE_BYTES, 'v');
  for (const form of FORMS) {
    const { value: kept, notes } = await shorten({ ...nothing, value }, form);
    t.equal(kept?.length, MAX_VALUE_BYTES);
    t.same(notes, []);
  }
  const more = decodeOrder(Buffer.alloc(MAX_VALUE_BYTES + 1), 0, MAX_VALUE_BYTES + 1);
  t.ok(more instanceof Fault, 'one byte more is none');
});

t.test('a value that its reader cut says so in every form', async (t) => {
  const cut = { valueBytes: 70_000_000, sha256: 'ab'.repeat(32) };
  for (const form of FORMS) {
    const { notes } = await shorten({ ...nothing, value: Buffer.alloc(70_000), cut }, form);
    t.same(notes, [
      ['value.bytes', 70_000_000],
      ['value.sha256', cut.sha256],
    ]);
  }
});

t.test(
  'large foreign headers are left out and named, small ones stay in their order',
  async (t) => {
    const headers = [header('a', 10), header('baggage', 900_000), header('a', 20), header('c', 1)];
    const third = await shorten({ ...nothing, headers }, FORMS[2]!);
    t.same(
      third.headers.map(({ key, value }) => `${key} ${value?.length}`),
      ['a 10', 'a 20', 'c 1'],
    );
    t.same(third.notes, [['headers.left-out', 'baggage (900007 bytes)']]);

    const many = Array.from({ length: 5000 }, (_, n) => header(`\u{1f600}${n}`.repeat(30), 100));
    const last = await shorten({ ...nothing, headers: many }, FORMS.at(-1)!);
    t.same(last.headers, []);
    const [[name, words]] = last.notes as unknown as [[string, string]];
    t.equal(name, 'headers.left-out');
    t.ok(Buffer.byteLength(words) <= 1024);
  },
);

t.test('what an earlier failure left is neither kept nor named', async (t) => {
  const headers = [header('errorReason', 5000), header('orders.errors.note', 5000)];
  const { headers: kept, notes } = await shorten({ ...nothing, headers }, FORMS[2]!);
  t.same(kept, []);
  t.same(notes, []);
});

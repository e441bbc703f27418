import t from 'tap';
import { causeOfFault, deadLetterHeaders } from '../../server/log/dead-letter.ts';
import { Fault } from '../../server/log/fault.ts';
import {
  isRedriveHeader,
  REDRIVE_HEADERS,
  type Redrive,
  redriveIn,
  redrivenRecord,
  redriveOf,
} from '../../server/log/redrive.ts';
import { REASONS } from '../../server/orders/reasons.ts';
import { openRecordSet } from '../../server/record-batch/reader.ts';
import type { RecordHeader } from '../../server/record-batch/record.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';

const redrive: Redrive = {
  group: 'g',
  deadLetter: 17,
  origin: 40,
  id: '0190-ab',
  count: 2,
  at: 1_700_000_000_000,
  by: 'Zoë',
};
const bytes = (text: string) => Buffer.from(text);
const header = (key: string, value: string | null): RecordHeader => ({
  key: bytes(key),
  value: value === null ? null : bytes(value),
});
const nothing = { key: null, value: null, headers: [] };
const own = () => [...redrivenRecord(nothing, redrive).headers];

/** The headers with one of ours taken away or said otherwise. */
const changed = (field: string, ...values: (string | null)[]) => [
  ...own().filter(({ key }) => key.toString() !== `orders.redrive.${field}`),
  ...values.map((value) => header(`orders.redrive.${field}`, value)),
];

t.test('what is written on a redriven record is read from it', async (t) => {
  t.same(redriveOf(own()), redrive);
  t.same(redriveOf([header('a', 'b'), ...own().reverse(), header('c', null)]), redrive);
  t.equal(redriveOf([]), null);
  t.equal(redriveOf([header('orders.errors.group', 'g')]), null);
});

t.test('key, value and foreign headers go back byte for byte, ours do not', async (t) => {
  const foreign = [
    { key: Buffer.from([0xff, 0]), value: Buffer.from([0xfe]) },
    header('trace', '1'),
    header('trace', '1'),
    header('trace', null),
    header('__proto__', ''),
  ];
  const failed = deadLetterHeaders(
    { topic: 'orders', partition: 0, offset: 40, timestamp: 1 },
    causeOfFault(new Fault(REASONS.EMPTY, 'nothing'), 1),
    { group: 'g', app: 'a', instance: 'i' },
    [...foreign, ...own()],
  );
  const letter = { key: Buffer.from([0, 1]), value: Buffer.from([2, 0xff]), headers: failed };
  const again = { ...redrive, deadLetter: 90, count: 3, by: 'someone' };
  const record = redrivenRecord(letter, again);
  t.equal(record.key, letter.key);
  t.equal(record.value, letter.value);
  t.same(record.headers.slice(0, foreign.length), foreign);
  t.equal(record.headers.length, foreign.length + REDRIVE_HEADERS.length);
  t.same(redriveOf(record.headers), again);
  t.same(redrivenRecord(letter, again, bytes('edited')).value, bytes('edited'));
});

t.test('a dead letter of a redriven record still says what it was redriven for', async (t) => {
  const headers = deadLetterHeaders(
    { topic: 'orders', partition: 0, offset: 50, timestamp: 1 },
    causeOfFault(new Fault(REASONS.EMPTY, 'nothing'), 1),
    { group: 'g', app: 'a', instance: 'i' },
    own(),
  );
  t.same(redriveOf(headers), redrive);
});

t.test('headers that are incomplete or make no sense are those of an ordinary order', async (t) => {
  for (const field of ['group', 'dead-letter', 'origin', 'id', 'count', 'at', 'by']) {
    t.equal(redriveOf(changed(field)), null, `without ${field}`);
    t.equal(redriveOf(changed(field, null)), null, `a null for ${field}`);
    t.equal(redriveOf(changed(field, '1', '2')), null, `two of ${field}`);
    t.equal(redriveOf(changed(field, 'x'.repeat(40_000))), null, `a long ${field}`);
  }
  for (const field of ['dead-letter', 'origin', 'count', 'at']) {
    for (const text of ['', ' 1', '-1', '1.5', '1e3', '0x10', '٣', '4503599627370496', 'NaN']) {
      t.equal(redriveOf(changed(field, text)), null, `${field} "${text}"`);
    }
  }
  t.equal(redriveOf(changed('count', '0')), null);
  for (const id of ['', 'a b', 'ä', 'a\n', 'x'.repeat(65)]) {
    t.equal(redriveOf(changed('id', id)), null, `id "${id}"`);
  }
});

t.test('a header that is there twice and says the same is no contradiction', async (t) => {
  t.same(redriveOf([...own(), ...own()]), redrive);
});

t.test('what could not be read back is not written', async (t) => {
  for (const wrong of [{ id: '' }, { count: 0 }, { origin: -1 }, { deadLetter: 0.5 }]) {
    t.throws(() => redrivenRecord(nothing, { ...redrive, ...wrong }), RangeError);
  }
});

t.test('headers are found where they lie', async (t) => {
  const records = [
    { timestamp: 1, key: bytes('k'), value: bytes('v'), headers: [] },
    { ...redrivenRecord({ ...nothing, headers: [header('o', 'x')] }, redrive), timestamp: 1 },
    { timestamp: 1, key: null, value: null, headers: [header('orders.redrive.', 'x')] },
    { timestamp: 1, key: null, value: null, headers: changed('count') },
  ];
  const cursor = openRecordSet({ bytes: encodeBatch(records, { baseOffset: 0 }), aborted: [] }, 0);
  const found: unknown[] = [];
  while (await cursor.nextBatch()) {
    while (cursor.next()) found.push(redriveIn(cursor.bytes, cursor));
  }
  t.same(found, [null, redrive, null, null]);
});

t.test('names that only begin alike are foreign', async (t) => {
  t.ok(isRedriveHeader(header('orders.redrive.later', '')));
  t.notOk(isRedriveHeader(header('orders.redrive.', '')));
  t.notOk(isRedriveHeader(header('orders.redriven', '')));
});

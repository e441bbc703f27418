import t from 'tap';
import { isForeign } from '../../server/log/dead-letter.ts';
import { originalUnder } from '../../server/log/original.ts';
import { openRecordSet } from '../../server/record-batch/reader.ts';
import type { RecordContent } from '../../server/record-batch/record.ts';
import { openRecord } from '../../server/record-batch/record-parts.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { someLetter } from '../fixtures/dead-letters.ts';

const names = [
  '',
  'trace',
  'trace',
  'orders.errors',
  'orders.errors.',
  'orders.errors.later',
  'orders.error.x',
  'orders.errorsx',
  'orders.redrive.id',
  'errorReason',
  'errorReasons',
  '__proto__',
];

t.test('of a dead letter stays what was not added when the order failed', async (t) => {
  const headers = names.flatMap((name) => [
    { key: Buffer.from(name), value: Buffer.from(name) },
    { key: Buffer.from(name), value: null },
  ]);
  const odd = { key: Buffer.from([0xff, 0x00]), value: Buffer.alloc(300, 0xfe) };
  const letters: RecordContent[] = [
    someLetter({ origin: 1 }),
    someLetter({ origin: 2, key: Buffer.from('k'), value: null, headers: [...headers, odd] }),
    { timestamp: 1, key: Buffer.alloc(0), value: Buffer.alloc(0), headers },
    { timestamp: 1, key: null, value: null, headers: [] },
  ];
  const bytes = encodeBatch(letters);
  const cursor = openRecordSet({ bytes, aborted: [] }, 0);
  const found: ReturnType<typeof originalUnder>[] = [];
  while (await cursor.nextBatch()) {
    while (cursor.next()) {
      const { key, value, headers } = openRecord(cursor.copy());
      const original = originalUnder(cursor);
      t.same(original, { key, value, headers: headers.filter(isForeign) });
      found.push(original);
    }
  }
  t.equal(found.length, letters.length);
  const before = found.map(({ value, headers }) => JSON.stringify([value, headers]));
  bytes.fill(0);
  t.same(
    found.map(({ value, headers }) => JSON.stringify([value, headers])),
    before,
    'the answer from the broker may be gone by then',
  );
});

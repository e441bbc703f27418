import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { readBatchHeader } from '../../server/record-batch/batch-header.ts';
import { crc32c } from '../../server/record-batch/crc32c.ts';
import { openRecordSet, validateBatch } from '../../server/record-batch/reader.ts';
import type { KafkaRecord, RecordContent } from '../../server/record-batch/record.ts';
import { openRecord, pickHeaders } from '../../server/record-batch/record-parts.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { recordContents } from './arbitrary.ts';

/** All records at `from` and above, opened from copies. */
async function readAll(bytes: Buffer, from = 0): Promise<KafkaRecord[]> {
  const cursor = openRecordSet({ bytes, aborted: [] }, from);
  const records: KafkaRecord[] = [];
  while (await cursor.nextBatch()) while (cursor.next()) records.push(openRecord(cursor.copy()));
  return records;
}

const plain: RecordContent = { timestamp: 5, key: null, value: Buffer.from('v'), headers: [] };

t.test('crc32c gives the check value of the algorithm, at every alignment', async (t) => {
  t.equal(crc32c(Buffer.from('123456789'), 0, 9), 0xe3069283);
  t.equal(crc32c(Buffer.from('--123456789-'), 2, 11), 0xe3069283);
  t.equal(crc32c(Buffer.alloc(32), 0, 32), 0x8a9136aa);
  t.equal(crc32c(Buffer.alloc(0), 0, 0), 0);
});

t.test('what is written is read again', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      recordContents,
      fc.boolean(),
      fc.nat(2 ** 40),
      async (records, zip, baseOffset) => {
        const compression = { codec: 1, deflate: gzipSync };
        const bytes = encodeBatch(records, { baseOffset, ...(zip && { compression }) });
        const header = await validateBatch(bytes);
        assert.equal(header.count, records.length);
        assert.deepEqual(
          await readAll(bytes),
          records.map((record, i) => ({ offset: baseOffset + i, ...record })),
        );
      },
    ),
    { numRuns: 200 },
  );
  t.pass();
});

t.test('a batch has the bytes that other clients write', async (t) => {
  const record = { ...plain, timestamp: 1_700_000_000_000, key: Buffer.from('k') };
  t.equal(
    encodeBatch([record]).toString('hex').replace('ffffffff02', '0000000002'),
    '00000000000000000000003a0000000002e99b8dd80000000000000000018bcfe568000000018bcfe56800' +
      'ffffffffffffffffffffffffffff0000000110000000026b027600',
  );
});

t.test('the header tells what a broker has to know', async (t) => {
  const bytes = encodeBatch([plain, plain], {
    baseOffset: 2 ** 33,
    producerId: 4000,
    producerEpoch: 3,
    baseSequence: 17,
    transactional: true,
  });
  t.match(readBatchHeader(bytes, 0), {
    start: 0,
    end: bytes.length,
    baseOffset: 2 ** 33,
    lastOffset: 2 ** 33 + 1,
    leaderEpoch: -1,
    codec: 0,
    transactional: true,
    control: false,
    producerId: 4000,
    producerEpoch: 3,
    baseSequence: 17,
    count: 2,
  });
});

t.test('records below the position are passed over', async (t) => {
  const set = Buffer.concat([
    encodeBatch([plain, plain, plain], { baseOffset: 0 }),
    encodeBatch([plain, plain], { baseOffset: 3 }),
  ]);
  for (let from = 0; from <= 5; from++)
    t.same(
      (await readAll(set, from)).map((r) => r.offset),
      [0, 1, 2, 3, 4].slice(from),
    );
});

t.test('the position moves record by record, and over what is never delivered', async (t) => {
  const cursor = openRecordSet(
    { bytes: encodeBatch([plain, plain], { baseOffset: 8 }), aborted: [] },
    5,
  );
  t.equal(cursor.nextOffset, 5);
  await cursor.nextBatch();
  t.equal(cursor.nextOffset, 5);
  cursor.next();
  t.equal(cursor.nextOffset, 9);
  cursor.next();
  t.equal(cursor.next(), false);
  t.equal(cursor.nextOffset, 10);
});

t.test("a broker's clock overrides the clocks of producers", async (t) => {
  const bytes = encodeBatch([plain, { ...plain, timestamp: 99 }]);
  bytes.writeInt16BE(0x08, 21);
  bytes.writeUInt32BE(crc32c(bytes, 21, bytes.length), 17);
  t.same(
    (await readAll(bytes)).map((r) => r.timestamp),
    [99, 99],
  );
});

t.test('a copied record keeps nothing of the answer it came in', async (t) => {
  const bytes = encodeBatch([{ ...plain, key: Buffer.from('key') }]);
  const cursor = openRecordSet({ bytes, aborted: [] }, 0);
  await cursor.nextBatch();
  cursor.next();
  const stored = cursor.copy();
  bytes.fill(0);
  t.equal(openRecord(stored).key?.toString(), 'key');
});

t.test('header names that are properties of every object are just names', async (t) => {
  const names = ['__proto__', 'constructor', 'toString', '__proto__', ''];
  const headers = names.map((name) => ({ key: Buffer.from(name), value: null }));
  const [record] = await readAll(encodeBatch([{ ...plain, headers }]));
  t.same(
    record?.headers.map((h) => h.key.toString()),
    names,
  );
});

t.test('the headers of some names are picked as a whole reading finds them', async (t) => {
  await fc.assert(
    fc.asyncProperty(recordContents, async (records) => {
      const names = records.flatMap(({ headers }) => headers.map(({ key }) => key));
      const wanted = [...names.filter((_, i) => i % 2 === 0), Buffer.from('absent')];
      const cursor = openRecordSet({ bytes: encodeBatch(records), aborted: [] }, 0);
      await cursor.nextBatch();
      for (const { headers } of records) {
        cursor.next();
        assert.deepEqual(
          pickHeaders(cursor.bytes, cursor, wanted),
          headers.filter(({ key }) => wanted.some((name) => name.equals(key))),
        );
      }
    }),
    { numRuns: 200 },
  );
  t.pass();
});

t.test('a record with 8,000 headers is one like any other', async (t) => {
  const headers = Array.from({ length: 8000 }, (_, i) => ({
    key: Buffer.from(`h${i}`),
    value: Buffer.from([i & 255]),
  }));
  const [record] = await readAll(encodeBatch([{ ...plain, headers }]));
  t.same(record?.headers, headers);
});

t.test('130,000 records in one gzip batch arrive', async (t) => {
  const bytes = encodeBatch(
    Array.from({ length: 130_000 }, () => plain),
    {
      compression: { codec: 1, deflate: gzipSync },
    },
  );
  const cursor = openRecordSet({ bytes, aborted: [] }, 100_000);
  t.equal(await cursor.nextBatch(), true);
  let records = 0;
  while (cursor.next()) records++;
  t.equal(records, 30_000);
  t.equal(cursor.nextOffset, 130_000);
});

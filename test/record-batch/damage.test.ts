import fc from 'fast-check';
import t from 'tap';
import { DamagedBatch, nextOffsetAfter } from '../../server/record-batch/batch-header.ts';
import { crc32c } from '../../server/record-batch/crc32c.ts';
import { openRecordSet, validateBatch } from '../../server/record-batch/reader.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { recordContents } from './arbitrary.ts';
import { craftBatch } from './crafted.ts';

const onlyDamage = (error: unknown) => {
  if (!(error instanceof DamagedBatch)) throw error;
};

async function walk(bytes: Buffer): Promise<number> {
  const cursor = openRecordSet({ bytes, aborted: [{ producerId: 1, firstOffset: 0 }] }, 0);
  let records = 0;
  while (await cursor.nextBatch())
    while (cursor.next()) {
      records++;
      if (cursor.valueEnd > cursor.bytes.length || cursor.keyEnd > cursor.recordEnd)
        throw new Error('a range outside of its buffer');
    }
  return records;
}

const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });

t.test(
  'no damage does anything but be reported, with a right checksum or a wrong one',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        recordContents,
        fc.array(recordContents, { maxLength: 2 }),
        changes,
        fc.boolean(),
        fc.option(fc.nat()),
        async (first, others, changes, reseal, cut) => {
          const set = Buffer.concat([first, ...others].map((records) => encodeBatch(records)));
          const head = encodeBatch(first).length;
          for (const [at, byte] of changes) set[at % (reseal ? head : set.length)] = byte;
          if (reseal) set.writeUInt32BE(crc32c(set, 21, head), 17);
          const bytes = cut === null ? set : set.subarray(0, cut % set.length);
          nextOffsetAfter(bytes, 0);
          await walk(bytes).catch(onlyDamage);
          await validateBatch(bytes).catch(onlyDamage);
        },
      ),
      { numRuns: 3000 },
    );
    t.pass();
  },
);

t.test('every single changed bit behind the checksum is found', async (t) => {
  const bytes = encodeBatch([
    { timestamp: 1, key: Buffer.from('k'), value: Buffer.from('v'), headers: [] },
  ]);
  for (let bit = 16 * 8; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    await t.rejects(walk(changed), DamagedBatch);
  }
});

t.test('what is good before the damage is delivered, and the damage named', async (t) => {
  const record = { timestamp: 1, key: null, value: null, headers: [] };
  const bad = encodeBatch([record], { baseOffset: 2 });
  bad[62]! ^= 1;
  const set = Buffer.concat([encodeBatch([record, record]), bad]);
  const cursor = openRecordSet({ bytes: set, aborted: [] }, 0);
  t.equal(await cursor.nextBatch(), true);
  while (cursor.next());
  await t.rejects(cursor.nextBatch(), {
    name: 'DamagedBatch',
    baseOffset: 2,
    reason: 'CORRUPT',
    retriable: false,
    message: /offset 2: CRC/,
  });
  t.equal(cursor.nextOffset, 2);
});

t.test('who goes on after damage meets it again, whatever the damage', async (t) => {
  const record = { timestamp: 1, key: null, value: null, headers: [] };
  const wrongCrc = encodeBatch([record]);
  wrongCrc[62]! ^= 1;
  const noGzip = encodeBatch([record], { compression: { codec: 1, deflate: (body) => body } });
  const tooMany = craftBatch([{}], { count: 3, lastDelta: 2 });
  for (const bad of [wrongCrc, noGzip, tooMany]) {
    const set = Buffer.concat([bad, encodeBatch([record], { baseOffset: 3 })]);
    const cursor = openRecordSet({ bytes: set, aborted: [] }, 0);
    for (let times = 0; times < 3; times++) {
      await t.rejects(cursor.nextBatch(), DamagedBatch);
      t.equal(cursor.next(), false);
      t.equal(cursor.nextOffset, 0);
    }
  }
});

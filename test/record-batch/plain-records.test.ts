import fc from 'fast-check';
import t from 'tap';
import { readBatchHeader } from '../../server/record-batch/batch-header.ts';
import { crc32c } from '../../server/record-batch/crc32c.ts';
import { arePlain } from '../../server/record-batch/plain-records.ts';
import { emptyParts, readParts } from '../../server/record-batch/record-parts.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((each) => Buffer.from(each));

/** Whether the records lie as `arePlain` says, read one by one. */
function liesPlain(batch: Buffer, start: number, end: number, count: number): boolean {
  const parts = emptyParts();
  let at = start;
  for (let i = 0; i < count; i += 1) {
    at = readParts(batch, at, end, parts);
    if (parts.offsetDelta !== i || parts.headerCount !== 0 || parts.headersStart !== at)
      return false;
  }
  return at === end;
}

t.test(
  'what the quick look finds plain is plain when it is read, however it was spoilt',
  async (t) => {
    const record = fc.record({
      timestamp: fc.nat(20_000),
      key: fc.option(bytes(80)),
      value: fc.option(bytes(200)),
      headers: fc.constant([]),
    });
    const spoil = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 });
    let plain = 0;
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 90 }), spoil, (records, spoilt) => {
        const batch = encodeBatch(records);
        const { body, end, count, lastOffsetDelta } = readBatchHeader(batch, 0)!;
        for (const [at, byte] of spoilt) batch[body + (at % (end - body))] = byte;
        if (!arePlain(batch, { start: body, end, count }, lastOffsetDelta)) return;
        plain += 1;
        t.ok(liesPlain(batch, body, end, count));
      }),
      { numRuns: 2000 },
    );
    t.ok(plain > 100, 'and many are');
  },
);

/** Bit by bit, as the polynomial says. */
function slowCrc(input: Buffer, start: number, end: number): number {
  let crc = -1;
  for (let at = start; at < end; at += 1) {
    crc ^= input[at]!;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

t.test('the checksum is that of the polynomial at every length and alignment', async (t) => {
  t.equal(crc32c(Buffer.from('123456789'), 0, 9), 0xe3069283, 'the check value of CRC-32C');
  const input = Buffer.from(Array.from({ length: 1300 }, (_, i) => (i * 7919 + (i >> 3)) & 255));
  for (let start = 0; start < 20; start += 1) {
    for (const length of [0, 1, 7, 8, 15, 16, 17, 1023, 1024, 1025, 1039, 1040, 1043, 1100]) {
      const end = start + length;
      t.equal(crc32c(input, start, end), slowCrc(input, start, end), `${length} from ${start}`);
    }
  }
});

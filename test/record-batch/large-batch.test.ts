// Batches that inflate to more than should be in memory at once.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import {
  openRecordSet,
  type RecordCursor,
  validateBatch,
} from '../../server/record-batch/reader.ts';
import type { KafkaRecord } from '../../server/record-batch/record.ts';
import { openRecord } from '../../server/record-batch/record-parts.ts';
import { type CraftedRecord, craftBatch } from './crafted.ts';

const MiB = 1024 * 1024;

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** `body` in blocks of at most `size`, each with its head. */
function inBlocks(body: Buffer, size: number, headOf: (block: Buffer, last: boolean) => Buffer) {
  const blocks: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const block = body.subarray(at, at + size);
    blocks.push(headOf(block, at + size >= body.length), block);
  }
  return Buffer.concat(blocks);
}

/** What the codecs make of bytes that they do not compress. */
type Compress = readonly [codec: number, compress: (body: Buffer) => Buffer];
const codecs: Record<'gzip' | 'snappy' | 'lz4' | 'zstd', Compress> = {
  gzip: [1, (body) => gzipSync(body, { level: 1 })],
  snappy: [
    2,
    (body) =>
      Buffer.concat([
        Buffer.from('82534e415050590000000001'.padEnd(32, '0'), 'hex'),
        inBlocks(body, 32768, (block) => {
          const length = Buffer.from([
            (block.length & 127) | 128,
            ((block.length >> 7) & 127) | 128,
            block.length >> 14,
          ]);
          const literal = Buffer.from([0xf4, (block.length - 1) & 255, (block.length - 1) >> 8]);
          const head = Buffer.alloc(4);
          head.writeInt32BE(block.length + length.length + literal.length);
          return Buffer.concat([head, length, literal]);
        }),
      ]),
  ],
  lz4: [
    3,
    (body) =>
      Buffer.concat([
        Buffer.from('04224d18607000', 'hex'),
        inBlocks(body, 65536, (block) => int32(block.length + 2 ** 31)),
        int32(0),
      ]),
  ],
  zstd: [
    4,
    (body) =>
      Buffer.concat([
        Buffer.from('28b52ffd0058', 'hex'),
        inBlocks(body, 131072, (block, last) =>
          int32(block.length * 8 + Number(last)).subarray(0, 3),
        ),
      ]),
  ],
};

/** Small orders, and so much between them that the batch inflates to `size` MiB. */
function largeBatch(codec: number, compress: (body: Buffer) => Buffer, size: number) {
  const filling = Buffer.alloc(16 * 1024, 'x');
  const records = Array.from({ length: size * 64 }, (_, index) => ({
    value: index % 2 === 0 ? Buffer.from(`order ${index}`) : filling,
    key: index % 2 === 0 ? -1 : filling,
  }));
  return craftBatch(records, { baseOffset: 100, attributes: codec, compress });
}

async function read(bytes: Buffer, each: (cursor: RecordCursor) => void): Promise<number> {
  const cursor = openRecordSet({ bytes, aborted: [] }, 0);
  let pieces = 0;
  for (; await cursor.nextBatch(); pieces++) while (cursor.next()) each(cursor);
  t.equal(cursor.nextOffset, cursor.offset + 1);
  return pieces;
}

t.test('70 MiB out of any codec are delivered in pieces, record by record', async (t) => {
  for (const [name, [codec, compress]] of Object.entries(codecs)) {
    const bytes = largeBatch(codec, compress, 70);
    let next = 100;
    let orders = 0;
    let most = 0;
    const before = process.memoryUsage().arrayBuffers;
    const pieces = await read(bytes, (cursor) => {
      const expected = next % 2 === 0 ? `order ${next - 100}` : null;
      const { offset, fault, cut } = cursor;
      const value = cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd);
      if (offset !== next || fault !== null || cut !== null) t.fail(`record ${offset} of ${next}`);
      if (expected === null ? value.length !== 16384 : String(value) !== expected)
        t.fail(`${value}`);
      next += 1;
      if (expected !== null) orders += 1;
      if (offset % 64 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    });
    t.equal(orders, 35 * 64, `${name}: every order`);
    t.ok(pieces > 8, `${name}: in ${pieces} pieces`);
    t.ok(most < 48 * MiB, `${name}: with ${Math.round(most / MiB)} MiB more in memory`);
    await t.resolves(validateBatch(bytes), `${name}: and the embedded broker takes it`);
  }
});

t.test('others get their turn while a batch is inflated', async (t) => {
  for (const [name, [codec, compress]] of Object.entries(codecs)) {
    const bytes = largeBatch(codec, compress, 8);
    let turns = 0;
    let reading = true;
    const turn = () => {
      turns += 1;
      if (reading) setImmediate(turn);
    };
    setImmediate(turn);
    await read(bytes, () => {});
    reading = false;
    t.ok(turns >= 8, `${name}: ${turns} turns`);
  }
});

const [gzip, compressGzip] = codecs.gzip;

async function around(record: CraftedRecord): Promise<KafkaRecord[]> {
  const bytes = craftBatch([{}, record, {}], { attributes: gzip, compress: compressGzip });
  const records: KafkaRecord[] = [];
  await read(bytes, (cursor) => records.push(openRecord(cursor.copy())));
  t.same(
    records.map(({ offset }) => offset),
    [0, 1, 2],
  );
  t.same(
    [0, 2].map((index) => String(records[index]?.value)),
    ['value 0', 'value 2'],
  );
  return records;
}

const header = { name: Buffer.from('h'), value: Buffer.from('v') };

t.test(
  'a record too large to be kept has the first bytes, length and hash of its value',
  async (t) => {
    const value = Buffer.alloc(20 * MiB, 'abcdefg');
    const key = Buffer.from('key');
    const [, cut] = await around({ key, value, headers: [header], timestampDelta: 7 });
    t.same(cut?.key, key);
    t.same(cut?.headers, [{ key: header.name, value: header.value }]);
    t.same(cut?.value, value.subarray(0, 64 * 1024));
    t.same(cut?.cut, {
      valueBytes: value.length,
      sha256: createHash('sha256').update(value).digest('hex'),
    });
    t.equal(cut?.fault, undefined);
  },
);

t.test('what else is too large of it is left out, and said', async (t) => {
  const large = Buffer.alloc(17 * MiB, 'x');
  const value = Buffer.from('small');
  const [, byKey] = await around({ key: large, value });
  t.match(byKey, { key: null, headers: [], fault: /a key of 17825792 bytes/ });
  t.equal(byKey?.value?.length, 64 * 1024, 'what could not be told apart is the value');
  const [, byHeader] = await around({ value, headers: [{ name: header.name, value: large }] });
  t.match(byHeader, {
    value,
    headers: [],
    cut: { valueBytes: 5 },
    fault: /headers of 178257\d\d bytes/,
  });
  const [, byNull] = await around({ value: -1, headers: [{ name: header.name, value: large }] });
  t.match(byNull, { value: null, cut: { valueBytes: 0 }, fault: /headers of/ });
  const [, broken] = await around({ value: large, headerCount: 5 });
  t.match(broken, { headers: [], cut: { valueBytes: large.length }, fault: /unreadable/ });
});

t.test('damage deep inside stops there, and names the batch', async (t) => {
  const [, compress] = codecs.lz4;
  const filling = { value: Buffer.alloc(MiB) };
  const records: CraftedRecord[] = [...Array(12).fill(filling), { ...filling, delta: 3 }, filling];
  const bytes = craftBatch(records, { baseOffset: 7, attributes: 3, compress });
  let delivered = 0;
  await t.rejects(
    read(bytes, () => {
      delivered += 1;
    }),
    { name: 'DamagedBatch', baseOffset: 7, message: /a record at \+3 after/ },
  );
  t.ok(delivered > 0 && delivered <= 12);
});

// Batches as no client of good manners writes them, every one with a right checksum.
import { gzipSync, type InputType } from 'node:zlib';
import { headerSize, lengthOverhead } from '../../server/record-batch/batch-header.ts';
import { crc32c } from '../../server/record-batch/crc32c.ts';

/** A field as its bytes, or a length that nothing follows. */
export type Field = Buffer | number;

export type CraftedRecord = {
  delta?: number;
  attributes?: number;
  timestampDelta?: number;
  key?: Field;
  value?: Field;
  headers?: readonly { readonly name: Field; readonly value: Field }[];
  /** What the record says of their number. */
  headerCount?: number;
  /** Behind the headers. */
  tail?: Buffer;
  /** What the record says of its length, added to the truth. */
  longer?: number;
};

export type CraftedBatch = {
  baseOffset?: number;
  count?: number;
  lastDelta?: number;
  attributes?: number;
  baseTimestamp?: bigint;
  maxTimestamp?: bigint;
  producerId?: bigint;
  producerEpoch?: number;
  baseSequence?: number;
  /** Behind the last record. */
  tail?: Buffer;
  compress?: (body: Buffer) => Buffer;
};

/** A zigzag varint. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value);
  for (; rest >= 128n; rest /= 128n) bytes.push(Number(rest % 128n) + 128);
  return Buffer.from([...bytes, Number(rest)]);
}

function field(content: Field): Buffer {
  if (typeof content === 'number') return varint(content);
  return Buffer.concat([varint(content.length), content]);
}

/** A record as its bytes. */
export function craftRecord(record: CraftedRecord, index = 0): Buffer {
  const { headers = [], tail = Buffer.alloc(0), longer = 0 } = record;
  const body = Buffer.concat([
    Buffer.of(record.attributes ?? 0),
    varint(record.timestampDelta ?? 0),
    varint(record.delta ?? index),
    field(record.key ?? -1),
    field(record.value ?? Buffer.from(`value ${index}`)),
    varint(record.headerCount ?? headers.length),
    ...headers.flatMap(({ name, value }) => [field(name), field(value)]),
    tail,
  ]);
  return Buffer.concat([varint(body.length + longer), body]);
}

/** A batch of records; the number of a codec goes into `attributes`. */
export function craftBatch(records: readonly CraftedRecord[], batch: CraftedBatch = {}): Buffer {
  const now = BigInt(Date.now());
  const { compress = (body: Buffer) => body, tail = Buffer.alloc(0) } = batch;
  const body = compress(Buffer.concat([...records.map(craftRecord), tail]));
  const bytes = Buffer.concat([Buffer.alloc(headerSize), body]);
  bytes.writeBigInt64BE(BigInt(batch.baseOffset ?? 0), 0);
  bytes.writeInt32BE(bytes.length - lengthOverhead, 8);
  bytes.writeInt32BE(-1, 12);
  bytes[16] = 2;
  bytes.writeInt16BE(batch.attributes ?? 0, 21);
  bytes.writeInt32BE(batch.lastDelta ?? records.length - 1, 23);
  bytes.writeBigInt64BE(batch.baseTimestamp ?? now, 27);
  bytes.writeBigInt64BE(batch.maxTimestamp ?? now, 35);
  bytes.writeBigInt64BE(batch.producerId ?? -1n, 43);
  bytes.writeInt16BE(batch.producerEpoch ?? -1, 51);
  bytes.writeInt32BE(batch.baseSequence ?? -1, 53);
  bytes.writeInt32BE(batch.count ?? records.length, 57);
  bytes.writeUInt32BE(crc32c(bytes, 21, bytes.length), 17);
  return bytes;
}

const gzip = (body: InputType) => gzipSync(body);
const names = { name: Buffer.from('h'), value: Buffer.from('v') };
const odd = Buffer.from('??');
const three = (one: CraftedRecord) => [{}, one, {}];

/** Orders of offsets that no batch should have. */
export const oddDeltas: readonly (readonly number[])[] = [
  [0, 0, 2],
  [0, 0, 0],
  [2, 1, 0],
  [0, 2, 1],
  [0, 2, 2],
  [0, 1, 1],
  [1, 2, 3],
  [0, 5, 2],
  [5, 6, 7],
  [-1, 0, 1],
  [0, -5, 2],
  [2, 2, 2],
  [1, 1, 1],
  [0, 2 ** 31 - 1, 2],
  [0, -(2 ** 31), 2],
];

/** Every record that can be made odd, as the second of three. */
const oddRecords: Record<string, CraftedRecord> = {
  ...Object.fromEntries(
    [-1, -2, -100, -(2 ** 31)].flatMap((length) => [
      [`key of length ${length}`, { key: length }],
      [`value of length ${length}`, { value: length }],
      [`header value of length ${length}`, { headers: [{ name: names.name, value: length }] }],
      [`header name of length ${length}`, { headers: [{ name: length, value: names.value }] }],
      [`${length} headers`, { headerCount: length }],
    ]),
  ),
  'key longer than its record': { key: 1000 },
  'value longer than its record': { value: 1000 },
  'value longer than its batch': { value: 2 ** 31 - 1 },
  'header name longer than its record': { headers: [{ name: 1000, value: names.value }] },
  'header value longer than its record': { headers: [{ name: names.name, value: 1000 }] },
  'a header more than there is': { headers: [names], headerCount: 2 },
  'a header less than there is': { headers: [names, names], headerCount: 1 },
  '2^31-1 headers': { headerCount: 2 ** 31 - 1 },
  'bytes behind the headers': { tail: odd },
  'a length one too great': { longer: 1 },
  'a length one too small': { longer: -1 },
  'attributes 1': { attributes: 1 },
  'attributes 255': { attributes: 255 },
  'timestamp a second before': { timestampDelta: -1000 },
  'timestamp below zero': { timestampDelta: -(2 ** 50) },
  'empty key and value': { key: Buffer.alloc(0), value: Buffer.alloc(0) },
};

type Crafted = { readonly name: string; readonly bytes: Buffer };

function variants(codec: string, batch: CraftedBatch): Crafted[] {
  const craft = (name: string, records: readonly CraftedRecord[], more: CraftedBatch = {}) => ({
    name: `${codec}: ${name}`,
    bytes: craftBatch(records, {
      ...batch,
      ...more,
      attributes: (batch.attributes ?? 0) | (more.attributes ?? 0),
    }),
  });
  const plain = [{}, {}, {}];
  return [
    craft('as it should be', plain),
    ...oddDeltas.map((deltas) =>
      craft(
        `deltas ${deltas}`,
        deltas.map((delta) => ({ delta })),
      ),
    ),
    ...Object.entries(oddRecords).map(([name, record]) => craft(name, three(record))),
    ...[
      [2, 2],
      [3, 3],
      [4, 3],
      [2, 1],
      [4, 2],
      [3, 5],
      [0, 2],
      [-1, 2],
      [3, -1],
    ].map(([count, lastDelta]) =>
      craft(`${count} records up to +${lastDelta}`, plain, {
        count: count as number,
        lastDelta: lastDelta as number,
      }),
    ),
    craft('bytes behind the last record', plain, { tail: odd }),
    craft('zeros behind the last record', plain, { tail: Buffer.alloc(5) }),
    craft('log append time', plain, { attributes: 8 }),
    craft('a delete horizon', plain, { attributes: 0x40 }),
    craft('unknown attributes', plain, { attributes: 0x700 }),
    craft('transactional without a producer', plain, { attributes: 0x10 }),
    craft('control', plain, { attributes: 0x20 }),
    craft('no base timestamp', plain, { baseTimestamp: -1n, maxTimestamp: -1n }),
    craft('a base timestamp below -1', plain, { baseTimestamp: -5n, maxTimestamp: -5n }),
    craft('a greatest timestamp that is wrong', plain, { maxTimestamp: 5n }),
    craft('a producer', plain, { producerId: 7n, producerEpoch: 0, baseSequence: 0 }),
    craft('a producer without a sequence', plain, { producerId: 7n, producerEpoch: 0 }),
    craft('a negative epoch', plain, { producerId: 7n, baseSequence: 0 }),
  ];
}

/** All of it, plain and compressed. */
export const craftedBatches: readonly Crafted[] = [
  ...variants('plain', {}),
  ...variants('gzip', { attributes: 1, compress: gzip }),
  ...[
    [
      'garbage behind the stream',
      (body: Buffer) => Buffer.concat([gzip(body), Buffer.alloc(40, 7)]),
    ],
    ['zeros behind the stream', (body: Buffer) => Buffer.concat([gzip(body), Buffer.alloc(40)])],
    [
      'two members',
      (body: Buffer) => Buffer.concat([gzip(body.subarray(0, 9)), gzip(body.subarray(9))]),
    ],
    [
      'a wrong checksum',
      (body: Buffer) => {
        const bytes = gzip(body);
        bytes[bytes.length - 5]! ^= 1;
        return bytes;
      },
    ],
    ['cut before its end', (body: Buffer) => gzip(body).subarray(0, -4)],
    ['an empty stream', () => gzip(Buffer.alloc(0))],
  ].map(([name, compress]) => ({
    name: `gzip: ${name}`,
    bytes: craftBatch([{}, {}, {}], {
      attributes: 1,
      compress: compress as (body: Buffer) => Buffer,
    }),
  })),
];

// Encodes record batches (RecordBatch v2), byte by byte as Kafka's own clients do.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Codec, headerSize, lengthOverhead } from './batch-header.ts';
import { crc32c } from './crc32c.ts';
import type { RecordContent } from './record.ts';

/** What a plain producer leaves at its defaults; the broker overwrites the base offset. */
export type BatchOptions = {
  readonly baseOffset?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
  readonly control?: boolean;
  readonly compression?: { readonly codec: number; deflate(body: Buffer): Buffer };
};

/** Bytes of a zigzag varint of up to 53 bits. */
function varintSize(value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let size = 1;
  for (; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

function writeVarint(bytes: Buffer, at: number, value: number): number {
  let next = at;
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[next++] = (rest % 128) | 0x80;
  bytes[next++] = rest;
  return next;
}

function writeInt64(bytes: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  bytes.writeInt32BE(high, at);
  bytes.writeUInt32BE(value - high * 0x1_0000_0000, at + 4);
}

const fieldSize = (field: Buffer | null) =>
  field === null ? 1 : varintSize(field.length) + field.length;

function writeField(bytes: Buffer, at: number, field: Buffer | null): number {
  if (field === null) return writeVarint(bytes, at, -1);
  const start = writeVarint(bytes, at, field.length);
  return start + field.copy(bytes, start);
}

export type RecordBody = Omit<RecordContent, 'timestamp'>;

function bodySize({ key, value, headers }: RecordBody): number {
  let size = fieldSize(key) + fieldSize(value) + varintSize(headers.length);
  for (const header of headers) size += fieldSize(header.key) + fieldSize(header.value);
  return size;
}

/** Bytes of a record in a batch, in which it is number `index`, before compression. */
export function encodedSize(record: RecordContent, index: number, baseTimestamp: number): number {
  const size = recordSize(record, index, baseTimestamp);
  return varintSize(size) + size;
}

/** Size of a record without its length field. */
function recordSize(record: RecordContent, index: number, baseTimestamp: number): number {
  const placeSize = 1 + varintSize(record.timestamp - baseTimestamp) + varintSize(index);
  return placeSize + bodySize(record);
}

/** Writes key, value and headers; the position after them. */
function writeBody(bytes: Buffer, start: number, { key, value, headers }: RecordBody): number {
  let at = writeField(bytes, start, key);
  at = writeField(bytes, at, value);
  at = writeVarint(bytes, at, headers.length);
  for (const header of headers) {
    at = writeField(bytes, at, header.key);
    at = writeField(bytes, at, header.value);
  }
  return at;
}

function encodeRecords(records: readonly RecordContent[], baseTimestamp: number): Buffer {
  const sizes = records.map((record, i) => recordSize(record, i, baseTimestamp));
  const body = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + varintSize(size) + size, 0));
  let at = 0;
  records.forEach((record, i) => {
    at = writeVarint(body, at, sizes[i]!);
    body[at++] = 0;
    at = writeVarint(body, at, record.timestamp - baseTimestamp);
    at = writeVarint(body, at, i);
    at = writeBody(body, at, record);
  });
  return body;
}

/** The part of a record that says nothing about its place, in bytes of its own (`StoredRecord.body`). */
export function encodeBody(body: RecordBody): Buffer {
  const bytes = Buffer.allocUnsafeSlow(bodySize(body));
  writeBody(bytes, 0, body);
  return bytes;
}

/** A record of its own, as it stands in a batch, around its body. */
export function encodeRecord(
  body: Buffer,
  { offsetDelta, timestampDelta }: { offsetDelta: number; timestampDelta: number },
): Buffer {
  const size = 1 + varintSize(timestampDelta) + varintSize(offsetDelta) + body.length;
  const bytes = Buffer.allocUnsafeSlow(varintSize(size) + size);
  let at = writeVarint(bytes, 0, size);
  bytes[at++] = 0;
  at = writeVarint(bytes, at, timestampDelta);
  at = writeVarint(bytes, at, offsetDelta);
  body.copy(bytes, at);
  return bytes;
}

/** Encodes the records as one batch at consecutive offsets. */
export function encodeBatch(
  records: readonly RecordContent[],
  { compression, ...options }: BatchOptions = {},
): Buffer {
  const plain = encodeRecords(records, baseTimestampOf(records));
  return compression === undefined
    ? frame(records, plain, Codec.none, options)
    : frame(records, compression.deflate(plain), compression.codec, options);
}

const gzipInThread = promisify(gzip);

/** The same for a plain producer, compressed; gzip, because Node 20 can write no other of Kafka's codecs. */
export async function encodeGzipBatch(records: readonly RecordContent[]): Promise<Buffer> {
  const plain = encodeRecords(records, baseTimestampOf(records));
  return frame(records, await gzipInThread(plain), Codec.gzip, {});
}

function baseTimestampOf(records: readonly RecordContent[]): number {
  return records[0]?.timestamp ?? -1;
}

/** The header, its checksum included, and the body behind it. */
function frame(
  records: readonly RecordContent[],
  body: Buffer,
  codec: number,
  {
    baseOffset = 0,
    producerId = -1,
    producerEpoch = -1,
    baseSequence = -1,
    transactional = false,
    control = false,
  }: Omit<BatchOptions, 'compression'>,
): Buffer {
  const baseTimestamp = baseTimestampOf(records);
  const bytes = Buffer.allocUnsafe(headerSize + body.length);
  writeInt64(bytes, 0, baseOffset);
  bytes.writeInt32BE(bytes.length - lengthOverhead, 8);
  bytes.writeInt32BE(-1, 12); // leader epoch, filled in by the broker
  bytes[16] = 2;
  bytes.writeInt16BE(codec | (transactional ? 0x10 : 0) | (control ? 0x20 : 0), 21);
  bytes.writeInt32BE(records.length - 1, 23);
  writeInt64(bytes, 27, baseTimestamp);
  writeInt64(
    bytes,
    35,
    records.reduce((max, record) => Math.max(max, record.timestamp), baseTimestamp),
  );
  writeInt64(bytes, 43, producerId);
  bytes.writeInt16BE(producerEpoch, 51);
  bytes.writeInt32BE(baseSequence, 53);
  bytes.writeInt32BE(records.length, 57);
  body.copy(bytes, headerSize);
  bytes.writeUInt32BE(crc32c(bytes, 21, bytes.length), 17);
  return bytes;
}

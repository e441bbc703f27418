// The records inside a batch, as byte ranges: where the parts of one lie, and whether all of them fit.
import type { KafkaRecord, RecordHeader, StoredRecord } from './record.ts';

/** Bytes that cannot be what they claim to be; a reader says which batch they are in. */
export class Malformed extends Error {}

/**
 * Where the parts of one record lie in its buffer; a null key or value starts at -1. Null is every
 * length below zero, here and in header values: Kafka takes and serves them, and its own consumer reads
 * them as null.
 */
export type RecordParts = {
  offsetDelta: number;
  timestampDelta: number;
  /** Where the key's length stands: from here on a record says nothing about its place. */
  bodyStart: number;
  keyStart: number;
  keyEnd: number;
  valueStart: number;
  valueEnd: number;
  headerCount: number;
  headersStart: number;
  recordEnd: number;
};

/** Room for `readParts` to write to. */
export function emptyParts(): RecordParts {
  return {
    offsetDelta: 0,
    timestampDelta: Number.NaN,
    bodyStart: 0,
    keyStart: -1,
    keyEnd: -1,
    valueStart: -1,
    valueEnd: -1,
    headerCount: 0,
    headersStart: 0,
    recordEnd: 0,
  };
}

/** Where the varint ended that was read last: the second result of `varint`, which so needs no object. */
export let varintEnd = 0;

/** A zigzag varint of 32 bits. */
export function varint(bytes: Buffer, at: number): number {
  let next = at;
  let value = 0;
  for (let shift = 0; shift <= 28; shift += 7) {
    const byte = bytes[next++]!;
    value |= (byte & 0x7f) << shift;
    if (!(byte >= 0x80)) {
      varintEnd = next;
      return (value >>> 1) ^ -(value & 1);
    }
  }
  throw new Malformed('a varint of more than 5 bytes');
}

/** A zigzag varint of 64 bits as a double: exact within 2^53, rounded beyond. */
export function varlong(bytes: Buffer, at: number): number {
  let next = at;
  let value = 0;
  for (let scale = 1; next < at + 10; scale *= 128) {
    const byte = bytes[next++]!;
    value += (byte & 0x7f) * scale;
    if (!(byte >= 0x80)) {
      varintEnd = next;
      return bytes[at]! & 1 ? -(value + 1) / 2 : value / 2;
    }
  }
  throw new Malformed('a varint of more than 10 bytes');
}

/**
 * Finds the parts of the record at `at` and returns where the next one begins. Short varints are
 * read in place, again and again the same lines, for a call per number costs half of the speed.
 * @throws {Malformed} when they do not fit into the record or the record not before `end`
 */
export function readParts(bytes: Buffer, start: number, end: number, parts: RecordParts): number {
  let at = start;
  let n = bytes[at++]!;
  if (n < 0x80) n = (n >>> 1) ^ -(n & 1);
  else if (bytes[at]! < 0x80) {
    n = (n & 0x7f) | (bytes[at++]! << 7);
    n = (n >>> 1) ^ -(n & 1);
  } else {
    n = varint(bytes, at - 1);
    at = varintEnd;
  }
  const recordEnd = at + n;
  at++; // attributes: none are defined
  n = bytes[at++]!;
  if (n < 0x80) n = (n >>> 1) ^ -(n & 1);
  else if (bytes[at]! < 0x80) {
    n = (n & 0x7f) | (bytes[at++]! << 7);
    n = (n >>> 1) ^ -(n & 1);
  } else {
    n = varlong(bytes, at - 1);
    at = varintEnd;
  }
  parts.timestampDelta = n;
  n = bytes[at++]!;
  if (n < 0x80) n = (n >>> 1) ^ -(n & 1);
  else if (bytes[at]! < 0x80) {
    n = (n & 0x7f) | (bytes[at++]! << 7);
    n = (n >>> 1) ^ -(n & 1);
  } else {
    n = varint(bytes, at - 1);
    at = varintEnd;
  }
  parts.offsetDelta = n;
  parts.bodyStart = at;
  n = bytes[at++]!;
  if (n < 0x80) n = (n >>> 1) ^ -(n & 1);
  else {
    n = varint(bytes, at - 1);
    at = varintEnd;
  }
  parts.keyStart = n < 0 ? -1 : at;
  if (n > 0) at += n;
  parts.keyEnd = n < 0 ? -1 : at;
  n = bytes[at++]!;
  if (n < 0x80) n = (n >>> 1) ^ -(n & 1);
  else {
    n = varint(bytes, at - 1);
    at = varintEnd;
  }
  parts.valueStart = n < 0 ? -1 : at;
  if (n > 0) at += n;
  parts.valueEnd = n < 0 ? -1 : at;
  n = bytes[at++]!;
  if (n < 0x80) n = (n >>> 1) ^ -(n & 1);
  else {
    n = varint(bytes, at - 1);
    at = varintEnd;
  }
  if (n < 0 || n > (recordEnd - at) >> 1)
    throw new Malformed(`${n} headers in ${recordEnd - at} bytes`);
  if (at > recordEnd || recordEnd > end) throw new Malformed('a record longer than its room');
  parts.headerCount = n;
  parts.headersStart = at;
  parts.recordEnd = recordEnd;
  return recordEnd;
}

/** Where the header after the one at `start` begins. @throws {Malformed} when not before `end` */
export function skipHeader(bytes: Buffer, start: number, end: number): number {
  const key = varint(bytes, start);
  if (key < 0) throw new Malformed(`a header name of length ${key}`);
  const value = varint(bytes, varintEnd + key);
  const next = varintEnd + Math.max(value, 0);
  if (next > end) throw new Malformed('a header longer than its record');
  return next;
}

/** A length and that many bytes; null for the length -1. */
function readField(bytes: Buffer, at: number): Buffer | null {
  const length = varint(bytes, at);
  if (length < 0) return null;
  const start = varintEnd;
  varintEnd = start + length;
  return bytes.subarray(start, varintEnd);
}

type HeaderParts = Pick<RecordParts, 'headerCount' | 'headersStart'>;

/** Finds the headers of these names; `found` gets where the value of each lies, from -1 when it is null. */
function findHeaders(
  bytes: Buffer,
  { headerCount, headersStart }: HeaderParts,
  names: readonly Buffer[],
  found: (key: Buffer, start: number, end: number) => void,
): void {
  let at = headersStart;
  for (let left = headerCount; left > 0; left--) {
    const length = varint(bytes, at);
    const nameStart = varintEnd;
    const nameEnd = nameStart + length;
    const key = names.find(
      (name) => name.length === length && name.compare(bytes, nameStart, nameEnd) === 0,
    );
    const size = varint(bytes, nameEnd);
    at = varintEnd + Math.max(size, 0);
    if (key !== undefined) found(key, size < 0 ? -1 : at - size, at);
  }
}

/** Whether the record that `parts` describes has a header whose name begins with `prefix` and goes on. */
export function hasHeaderLike(bytes: Buffer, parts: HeaderParts, prefix: Buffer): boolean {
  const { length } = prefix;
  const first = prefix[0];
  let at = parts.headersStart;
  for (let left = parts.headerCount; left > 0; left--) {
    const size = varint(bytes, at);
    const start = varintEnd;
    // Most names differ in their first byte; the call would cost more than the rest.
    if (size > length && bytes[start] === first) {
      if (prefix.compare(bytes, start, start + length) === 0) return true;
    }
    const valueSize = varint(bytes, start + size);
    at = varintEnd + Math.max(valueSize, 0);
  }
  return false;
}

/** The headers of these names in the record that `parts` describes, as views; the rest is passed over. */
export function pickHeaders(
  bytes: Buffer,
  parts: HeaderParts,
  names: readonly Buffer[],
): RecordHeader[] {
  const picked: RecordHeader[] = [];
  findHeaders(bytes, parts, names, (key, start, end) => {
    picked.push({ key, value: start < 0 ? null : bytes.subarray(start, end) });
  });
  return picked;
}

/** The headers of the record that `parts` describes, as views. */
export function readHeaders(
  bytes: Buffer,
  { headerCount, headersStart }: Pick<RecordParts, 'headerCount' | 'headersStart'>,
): RecordHeader[] {
  const headers: RecordHeader[] = [];
  varintEnd = headersStart;
  for (let left = headerCount; left > 0; left--) {
    const key = readField(bytes, varintEnd)!;
    headers.push({ key, value: readField(bytes, varintEnd) });
  }
  return headers;
}

/**
 * Of each of these names the last header that is not null: never more than there are names, however
 * many headers the record has.
 */
export function lastHeaders(
  bytes: Buffer,
  parts: HeaderParts,
  names: readonly Buffer[],
): RecordHeader[] {
  const last = new Map<Buffer, { start: number; end: number }>();
  findHeaders(bytes, parts, names, (key, start, end) => {
    if (start >= 0) last.set(key, { start, end });
  });
  return [...last].map(([key, { start, end }]) => ({ key, value: bytes.subarray(start, end) }));
}

/** How many headers a stored record has, without looking at them. */
export function countHeaders(record: StoredRecord): number {
  const body = bodyOf(record);
  readField(body, 0);
  readField(body, varintEnd);
  return varint(body, varintEnd);
}

/** The parts of a stored record, as views into its body; of its headers the first `maxHeaders`. */
export function openRecord(
  { body: kept, codec, ...place }: StoredRecord,
  maxHeaders = Number.POSITIVE_INFINITY,
): KafkaRecord {
  const body = bodyOf({ body: kept });
  const key = readField(body, 0);
  const value = readField(body, varintEnd);
  const headerCount = Math.min(varint(body, varintEnd), maxHeaders);
  const headers = readHeaders(body, { headerCount, headersStart: varintEnd });
  return { ...place, key, value, headers };
}

/** The body of a stored record. */
export function bodyOf({ body }: Pick<StoredRecord, 'body'>): Buffer {
  return typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
}

/** Where the value stands in the body of a stored record: the start, -1 for null; the end is `varintEnd`. */
export function storedValueAt(body: Buffer): number {
  const keyLength = varint(body, 0);
  const length = varint(body, varintEnd + Math.max(keyLength, 0));
  if (length < 0) return -1;
  const start = varintEnd;
  varintEnd = start + length;
  return start;
}

// The fixed 61 bytes at the head of a RecordBatch v2 (KIP-98), and what can be known from them alone.
import { crc32c } from './crc32c.ts';

/**
 * Who is to blame, in the terms in which a broker answers: the bytes are not those that were written
 * (CORRUPT, code 2), they were written like that (INVALID_RECORD, code 87), or in a codec nobody
 * knows (UNSUPPORTED_CODEC, code 76).
 */
export type DamageReason = 'CORRUPT' | 'INVALID_RECORD' | 'UNSUPPORTED_CODEC';

/** A batch that cannot be read. None of its records has been delivered; trying again cannot help. */
export class DamagedBatch extends Error {
  readonly baseOffset: number;
  readonly reason: DamageReason;
  readonly retriable = false;
  readonly what: string;
  constructor(
    baseOffset: number,
    reason: DamageReason,
    what: string,
    options: ErrorOptions & { readonly where?: string } = {},
  ) {
    const where = options.where === undefined ? '' : ` of ${options.where}`;
    super(`damaged record batch at offset ${baseOffset}${where}: ${what} (${reason})`, options);
    this.name = 'DamagedBatch';
    this.baseOffset = baseOffset;
    this.reason = reason;
    this.what = what;
  }
}

/** Compression by its number in the attributes of a batch. */
export const Codec = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

/** Where a batch lies in its buffer and what its header says; times in ms since 1970. */
export type BatchHeader = {
  readonly start: number;
  /** Where its records begin. */
  readonly body: number;
  /** Where the next batch begins. */
  readonly end: number;
  /** As stored: may be negative or beyond 2^53 (then rounded), for only a broker may ignore it. */
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly leaderEpoch: number;
  readonly crc: number;
  readonly codec: number;
  /** The broker's clock stamped all records with `maxTimestamp`. */
  readonly logAppendTime: boolean;
  readonly transactional: boolean;
  readonly control: boolean;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  /** -1: neither idempotent nor transactional. */
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly count: number;
};

/** Bytes of a batch before its length field counts, and the least that field may say. */
export const lengthOverhead = 12;
export const headerSize = 61;
const crcStart = 21;

/** A signed 64-bit integer as a double: exact within 2^53, rounded beyond. */
export function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}

function zeroFrom(bytes: Buffer, at: number): boolean {
  for (let i = at; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/**
 * The header of the batch at `start`, or null at the end: no whole batch follows (a broker may cut the
 * last one), or nothing but zeros after a good one (a log file that was allocated ahead).
 * @throws {DamagedBatch} when what is there cannot be a batch of version 2
 */
export function readBatchHeader(bytes: Buffer, start: number): BatchHeader | null {
  const left = bytes.length - start;
  if (left < lengthOverhead) return null;
  const baseOffset = readInt64(bytes, start);
  const length = bytes.readInt32BE(start + 8);
  if (length < headerSize - lengthOverhead) {
    if (start > 0 && length === 0 && zeroFrom(bytes, start)) return null;
    throw new DamagedBatch(baseOffset, 'CORRUPT', `a length of ${length}`);
  }
  const end = start + lengthOverhead + length;
  if (left >= 17 && bytes[start + 16] !== 2)
    throw new DamagedBatch(baseOffset, 'CORRUPT', `format version ${bytes[start + 16]}`);
  if (end > bytes.length) return null;
  const attributes = bytes.readInt16BE(start + 21);
  const lastOffsetDelta = bytes.readInt32BE(start + 23);
  return {
    start,
    body: start + headerSize,
    end,
    baseOffset,
    lastOffset: baseOffset + lastOffsetDelta,
    leaderEpoch: bytes.readInt32BE(start + 12),
    crc: bytes.readUInt32BE(start + 17),
    codec: attributes & 7,
    logAppendTime: (attributes & 0x08) !== 0,
    transactional: (attributes & 0x10) !== 0,
    control: (attributes & 0x20) !== 0,
    lastOffsetDelta,
    baseTimestamp: readInt64(bytes, start + 27),
    maxTimestamp: readInt64(bytes, start + 35),
    producerId: readInt64(bytes, start + 43),
    producerEpoch: bytes.readInt16BE(start + 51),
    baseSequence: bytes.readInt32BE(start + 53),
    count: bytes.readInt32BE(start + 57),
  };
}

/** @throws {DamagedBatch} unless the checksum is right, after which the header can be believed */
export function checkCrc(bytes: Buffer, header: BatchHeader): void {
  const actual = crc32c(bytes, header.start + crcStart, header.end);
  if (actual !== header.crc)
    throw new DamagedBatch(
      header.baseOffset,
      'CORRUPT',
      `CRC ${header.crc.toString(16)} in the header, ${actual.toString(16)} in fact`,
    );
}

/** @throws {DamagedBatch} unless the checksum is right and the batch can be entered */
export function checkBatch(bytes: Buffer, header: BatchHeader): void {
  const { baseOffset, lastOffset, count, lastOffsetDelta } = header;
  checkCrc(bytes, header);
  if (baseOffset < 0 || !Number.isSafeInteger(lastOffset + 1))
    throw new DamagedBatch(baseOffset, 'INVALID_RECORD', 'an offset out of range');
  if (count < 0 || lastOffsetDelta < 0)
    throw new DamagedBatch(baseOffset, 'INVALID_RECORD', `${count} records`);
}

/**
 * The position after the last whole batch, by the headers alone: where to fetch from next while this
 * set has not been worked on. Stops at the first batch that makes no sense; a reader will say so.
 */
export function nextOffsetAfter(bytes: Buffer, position: number): number {
  let next = position;
  for (let at = 0; at + headerSize <= bytes.length; ) {
    const length = bytes.readInt32BE(at + 8);
    const end = at + lengthOverhead + length;
    if (length < headerSize - lengthOverhead || end > bytes.length) break;
    const after = readInt64(bytes, at) + bytes.readInt32BE(at + 23) + 1;
    if (!Number.isSafeInteger(after)) break;
    if (after > next) next = after;
    at = end;
  }
  return next;
}

// Walks the record sets of Fetch answers: checks, inflates and delivers records as byte ranges.
import {
  type BatchHeader,
  Codec,
  checkCrc,
  DamagedBatch,
  readBatchHeader,
} from './batch-header.ts';
import { inflate } from './codecs.ts';
import type { AbortedTransaction, StoredRecord } from './record.ts';
import {
  checkRecords,
  emptyParts,
  Malformed,
  type RecordParts,
  readParts,
} from './record-parts.ts';
import { inSlices } from './slices.ts';

/**
 * A walk through a record set. `nextBatch` moves to the next batch that may hold something to deliver,
 * past control batches, aborted transactions and what lies below the position, and leaves whatever was
 * left of the one before; `next` moves through its records. The ranges of `RecordParts` point into
 * `bytes` and are those of the current record.
 */
export type RecordCursor = Readonly<RecordParts> & {
  readonly bytes: Buffer;
  readonly offset: number;
  /** In ms since 1970, or -1. */
  readonly timestamp: number;
  /** The position after everything walked so far: gaps, control and empty batches included. */
  readonly nextOffset: number;
  /** @throws {DamagedBatch} before any record of that batch is delivered */
  nextBatch(): Promise<boolean>;
  next(): boolean;
  /** The current record in bytes of its own. */
  copy(): StoredRecord;
};

/** The records of a batch as bytes, inflated, and every length in them checked. */
async function openBody(bytes: Buffer, header: BatchHeader): Promise<Buffer> {
  const { baseOffset, codec, count, lastOffsetDelta } = header;
  if (codec > Codec.zstd) throw new DamagedBatch(baseOffset, 'UNSUPPORTED_CODEC', `codec ${codec}`);
  try {
    const stored = bytes.subarray(header.body, header.end);
    const body = codec === Codec.none ? stored : await inflate(codec, stored);
    await inSlices(checkRecords(body, count, lastOffsetDelta));
    return body;
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new DamagedBatch(baseOffset, 'INVALID_RECORD', cause.message, { cause });
  }
}

/**
 * Checks bytes from a producer as Kafka does: exactly one batch of consecutive records, not a control
 * batch. Its base offset, which only the broker knows, is not looked at.
 * @throws {DamagedBatch} with the reason to answer
 */
export async function validateBatch(bytes: Buffer): Promise<BatchHeader> {
  const header = readBatchHeader(bytes, 0);
  const refuse = (what: string) =>
    new DamagedBatch(header?.baseOffset ?? 0, 'INVALID_RECORD', what);
  if (header === null || header.end !== bytes.length) throw refuse('not exactly one batch');
  checkCrc(bytes, header);
  if (header.control) throw refuse('a control batch from a producer');
  if (header.count < 1 || header.count !== header.lastOffsetDelta + 1)
    throw refuse(`${header.count} records up to +${header.lastOffsetDelta}`);
  await openBody(bytes, header);
  return header;
}

/** Whether a control batch ends a transaction without its records; other kinds mean nothing here. */
function isAbortMarker(body: Buffer): boolean {
  const parts = emptyParts();
  readParts(body, 0, body.length, parts);
  const { keyStart, keyEnd } = parts;
  return keyStart >= 0 && keyEnd - keyStart >= 4 && body.readInt16BE(keyStart + 2) === 0;
}

/** Opens a record set for the records at `position` and above, in read_committed isolation. */
export function openRecordSet(
  set: { readonly bytes: Buffer; readonly aborted: readonly AbortedTransaction[] },
  position: number,
): RecordCursor {
  const aborted = [...set.aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const abortedProducers = new Set<number>();
  let batchAt = 0;
  let abortedAt = 0;
  let recordAt = 0;
  let left = 0;
  let baseOffset = 0;
  let baseTimestamp = 0;
  let oneTimestamp = false;
  let codec: number = Codec.none;
  let afterBatch = position;

  const cursor = Object.assign(emptyParts(), {
    bytes: set.bytes,
    offset: Number.NaN,
    timestamp: Number.NaN,
    nextOffset: Number.NaN,
    nextBatch,
    next,
    copy,
  });

  cursor.nextOffset = position;

  async function nextBatch(): Promise<boolean> {
    for (;;) {
      left = 0;
      if (afterBatch > cursor.nextOffset) cursor.nextOffset = afterBatch;
      const header = readBatchHeader(set.bytes, batchAt);
      if (header === null) return false;
      checkCrc(set.bytes, header);
      const { lastOffset } = header;
      if (header.baseOffset < 0 || !Number.isSafeInteger(lastOffset + 1))
        throw new DamagedBatch(header.baseOffset, 'INVALID_RECORD', 'an offset out of range');
      if (header.count < 0 || header.lastOffsetDelta < 0)
        throw new DamagedBatch(header.baseOffset, 'INVALID_RECORD', `${header.count} records`);
      for (; abortedAt < aborted.length; abortedAt++) {
        if (aborted[abortedAt]!.firstOffset > lastOffset) break;
        abortedProducers.add(aborted[abortedAt]!.producerId);
      }
      const wanted =
        header.count > 0 &&
        (header.control ||
          (lastOffset >= cursor.nextOffset &&
            !(header.transactional && abortedProducers.has(header.producerId))));
      if (wanted) {
        const body = await openBody(set.bytes, header);
        if (header.control) {
          if (isAbortMarker(body)) abortedProducers.delete(header.producerId);
        } else {
          open(header, body);
          return true;
        }
      }
      batchAt = header.end;
      afterBatch = lastOffset + 1;
    }
  }

  function open(header: BatchHeader, body: Buffer): void {
    batchAt = header.end;
    afterBatch = header.lastOffset + 1;
    cursor.bytes = body;
    recordAt = 0;
    left = header.count;
    codec = header.codec;
    baseOffset = header.baseOffset;
    oneTimestamp = header.logAppendTime;
    baseTimestamp = oneTimestamp ? header.maxTimestamp : header.baseTimestamp;
  }

  function next(): boolean {
    while (left > 0) {
      left--;
      recordAt = readParts(cursor.bytes, recordAt, cursor.bytes.length, cursor);
      const offset = baseOffset + cursor.offsetDelta;
      if (offset < cursor.nextOffset) continue;
      cursor.offset = offset;
      cursor.timestamp = oneTimestamp ? baseTimestamp : baseTimestamp + cursor.timestampDelta;
      cursor.nextOffset = offset + 1;
      return true;
    }
    if (afterBatch > cursor.nextOffset) cursor.nextOffset = afterBatch;
    return false;
  }

  function copy(): StoredRecord {
    const { offset, timestamp } = cursor;
    return {
      offset,
      timestamp,
      codec,
      body: Buffer.from(cursor.bytes.subarray(cursor.bodyStart, cursor.recordEnd)),
    };
  }

  return cursor;
}

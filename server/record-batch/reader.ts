// Walks the record sets of Fetch answers: checks, inflates and delivers records as byte ranges.
import { type BatchHeader, Codec } from './batch-header.ts';
import { createBatches } from './batches.ts';
import { oddBodyOf, type Places, readPlaced } from './odd-records.ts';
import type { Piece } from './pieces.ts';
import type { AbortedTransaction, Cut, StoredRecord } from './record.ts';
import { emptyParts, type RecordParts, readParts } from './record-parts.ts';
import { encodeBody } from './writer.ts';

export { validateBatch } from './validate-batch.ts';

/**
 * A walk through a record set. `nextBatch` moves to the next batch that may hold something to deliver,
 * past control batches, aborted transactions and what lies below the position, or to the next piece of a
 * batch that is too large to be inflated at once; what was left of the one before is passed over.
 * `next` moves through its records. The ranges of `RecordParts` point into `bytes` and are those of the
 * current record, until the next call.
 */
export type RecordCursor = Readonly<RecordParts> & {
  readonly bytes: Buffer;
  readonly offset: number;
  /** In ms since 1970, or -1. */
  readonly timestamp: number;
  /** The position after everything walked so far: gaps, control and empty batches included. */
  readonly nextOffset: number;
  /** What is wrong with the current record, in words; null when nothing is. */
  readonly fault: string | null;
  /** When the value of the current record is only the first bytes of it. */
  readonly cut: Cut | null;
  /** @throws {DamagedBatch} before any record of that batch is delivered, or of that piece */
  nextBatch(): Promise<boolean>;
  next(): boolean;
  /** The current record in bytes of its own. */
  copy(): StoredRecord;
};

/**
 * Opens a record set for the records at `position` and above, in read_committed isolation. No batch is
 * looked at that begins at `end` or above.
 */
export function openRecordSet(
  set: { readonly bytes: Buffer; readonly aborted: readonly AbortedTransaction[] },
  position: number,
  end = Number.POSITIVE_INFINITY,
): RecordCursor {
  let places: Places | null = null;
  let recordAt = 0;
  let recordsEnd = 0;
  let left = 0;
  let isLast = true;
  let baseOffset = 0;
  let baseTimestamp = 0;
  let oneTimestamp = false;
  let codec: number = Codec.none;

  const cursor = Object.assign(emptyParts(), {
    bytes: set.bytes,
    offset: Number.NaN,
    timestamp: Number.NaN,
    nextOffset: position,
    fault: null as string | null,
    cut: null as Cut | null,
    nextBatch,
    next,
    copy,
  });
  const batches = createBatches(set, end, cursor, open);

  function nextBatch(): Promise<boolean> {
    left = 0;
    return batches.next();
  }

  function open(header: BatchHeader, piece: Piece): void {
    codec = header.codec;
    baseOffset = header.baseOffset;
    oneTimestamp = header.logAppendTime;
    baseTimestamp = oneTimestamp ? header.maxTimestamp : header.baseTimestamp;
    cursor.bytes = piece.bytes;
    cursor.cut = piece.cut;
    cursor.fault = piece.fault;
    places = piece.places;
    recordAt = piece.start;
    recordsEnd = piece.end;
    left = piece.count;
    isLast = piece.isLast;
  }

  function next(): boolean {
    while (left > 0) {
      if (places === null) recordAt = readParts(cursor.bytes, recordAt, recordsEnd, cursor);
      else {
        const index = places.starts.length - left;
        cursor.fault = readPlaced(cursor.bytes, places, index, recordsEnd, cursor);
      }
      left--;
      const offset = baseOffset + cursor.offsetDelta;
      if (offset < cursor.nextOffset) continue;
      cursor.offset = offset;
      cursor.timestamp = oneTimestamp ? baseTimestamp : baseTimestamp + cursor.timestampDelta;
      cursor.nextOffset = offset + 1;
      return true;
    }
    if (isLast && batches.after > cursor.nextOffset) cursor.nextOffset = batches.after;
    return false;
  }

  function copy(): StoredRecord {
    const { offset, timestamp, bytes, bodyStart, recordEnd, cut, fault } = cursor;
    // One after the other, for a spread costs as much as all the rest.
    if (places === null && cut === null && fault === null) {
      return { offset, timestamp, codec, body: copyOf(bytes, bodyStart, recordEnd) };
    }
    return {
      offset,
      timestamp,
      codec,
      body:
        places === null
          ? copyOf(bytes, bodyStart, recordEnd)
          : encodeBody(oddBodyOf(bytes, cursor)),
      ...(cut === null ? {} : { cut }),
      ...(fault === null ? {} : { fault }),
    };
  }

  return cursor;
}

/** Bytes up to which a body is kept as a text. */
const MAX_TEXT = 256;

/** In memory of its own: a slice of Node's pool would keep a page of it alive for every small record. */
function copyOf(bytes: Buffer, start: number, end: number): Buffer | string {
  if (end - start <= MAX_TEXT) return bytes.toString('latin1', start, end);
  const copy = Buffer.allocUnsafeSlow(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}

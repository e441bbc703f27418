// Walks the record sets of Fetch answers: checks, inflates and delivers records as byte ranges.
import {
  type BatchHeader,
  Codec,
  checkCrc,
  DamagedBatch,
  readBatchHeader,
} from './batch-header.ts';
import { oddBodyOf, type Places, readPlaced } from './odd-records.ts';
import { nextPiece, type Piece, piecesOf, plainPiece } from './pieces.ts';
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

/** Whether a control batch ends a transaction without its records; other kinds mean nothing here. */
function isAbortMarker({ bytes, start, end }: Piece): boolean {
  const parts = emptyParts();
  readParts(bytes, start, end, parts);
  const { keyStart, keyEnd } = parts;
  return keyStart >= 0 && keyEnd - keyStart >= 4 && bytes.readInt16BE(keyStart + 2) === 0;
}

/**
 * Opens a record set for the records at `position` and above, in read_committed isolation. No batch is
 * looked at that begins at `end` or above.
 */
export function openRecordSet(
  set: { readonly bytes: Buffer; readonly aborted: readonly AbortedTransaction[] },
  position: number,
  end = Number.POSITIVE_INFINITY,
): RecordCursor {
  const aborted = [...set.aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const abortedProducers = new Set<number>();
  let batchAt = 0;
  let abortedAt = 0;
  let header: BatchHeader | null = null;
  let pieces: AsyncGenerator<Piece, void> | null = null;
  let places: Places | null = null;
  let recordAt = 0;
  let recordsEnd = 0;
  let left = 0;
  let isLast = true;
  let baseOffset = 0;
  let baseTimestamp = 0;
  let oneTimestamp = false;
  let codec: number = Codec.none;
  let afterBatch = position;

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

  async function nextBatch(): Promise<boolean> {
    for (;;) {
      left = 0;
      if (cursor.nextOffset >= end) return false;
      // Awaited only where there is something to wait for: most batches are one piece.
      if (pieces !== null && (await openNext())) return true;
      if (afterBatch > cursor.nextOffset) cursor.nextOffset = afterBatch;
      header = readBatchHeader(set.bytes, batchAt);
      if (header === null) return false;
      if (header.baseOffset >= end) {
        cursor.nextOffset = end;
        return false;
      }
      checkHeader(header);
      if (header.control) await passControl(header);
      batchAt = header.end;
      afterBatch = header.lastOffset + 1;
      if (!isWanted(header)) continue;
      const piece = plainPiece(set.bytes, header);
      if (piece !== null) {
        open(header, piece);
        return true;
      }
      pieces = piecesOf(set.bytes, header);
    }
  }

  /** Opens the next piece of the batch, if there is one. Who goes on after damage meets it again. */
  async function openNext(): Promise<boolean> {
    if (header === null || pieces === null) return false;
    try {
      const piece = await nextPiece(pieces, header.baseOffset);
      if (piece === null) pieces = null;
      else open(header, piece);
      return piece !== null;
    } catch (error) {
      batchAt = header.start;
      afterBatch = cursor.nextOffset;
      pieces = null;
      throw error;
    }
  }

  /** @throws {DamagedBatch} when the batch cannot be entered; takes note of transactions that were aborted */
  function checkHeader(header: BatchHeader): void {
    const { baseOffset, lastOffset, count, lastOffsetDelta } = header;
    checkCrc(set.bytes, header);
    if (baseOffset < 0 || !Number.isSafeInteger(lastOffset + 1))
      throw new DamagedBatch(baseOffset, 'INVALID_RECORD', 'an offset out of range');
    if (count < 0 || lastOffsetDelta < 0)
      throw new DamagedBatch(baseOffset, 'INVALID_RECORD', `${count} records`);
    for (; abortedAt < aborted.length; abortedAt++) {
      if (aborted[abortedAt]!.firstOffset > lastOffset) break;
      abortedProducers.add(aborted[abortedAt]!.producerId);
    }
  }

  /** Whether there may be something to deliver in the batch. */
  function isWanted({ count, control, lastOffset, transactional, producerId }: BatchHeader) {
    if (count === 0 || control || lastOffset < cursor.nextOffset) return false;
    return !(transactional && abortedProducers.has(producerId));
  }

  async function passControl(header: BatchHeader): Promise<void> {
    if (header.count > 0 && (await endsAborted(header))) abortedProducers.delete(header.producerId);
  }

  async function endsAborted(header: BatchHeader): Promise<boolean> {
    const piece = await nextPiece(piecesOf(set.bytes, header), header.baseOffset);
    if (piece !== null && piece.places === null) return isAbortMarker(piece);
    throw new DamagedBatch(header.baseOffset, 'INVALID_RECORD', 'a control record that is odd');
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
    if (isLast && afterBatch > cursor.nextOffset) cursor.nextOffset = afterBatch;
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

// Bytes from a producer, checked before they are kept.
import { type BatchHeader, checkCrc, DamagedBatch, readBatchHeader } from './batch-header.ts';
import { type Places, readPlaced } from './odd-records.ts';
import { nextPiece, type Piece, piecesOf } from './pieces.ts';
import { emptyParts, readParts } from './record-parts.ts';
import { inSlices } from './slices.ts';

/**
 * Checks bytes from a producer: exactly one batch of consecutive records, not a control batch. Its base
 * offset, which only the broker knows, is not looked at. Stricter than Kafka, which takes any deltas of
 * offsets in a batch that is not compressed, and any length below zero for null.
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
  const pieces = piecesOf(bytes, header);
  for (;;) {
    const piece = await nextPiece(pieces, header.baseOffset);
    if (piece === null) return header;
    if (piece.places !== null) throw refuse(oddity(piece, piece.places));
    const oddNull = await inSlices(findOddNull(piece));
    if (oddNull !== null) throw refuse(oddNull);
  }
}

/** Records looked at before others get their turn: a few milliseconds. */
const oddNullSlice = 1 << 16;
const lengthOfNull = 1; // -1 as a zigzag varint

/** A key or value of a length below -1, in words; null when there is none. Yields now and then. */
function* findOddNull({ bytes, start, end, count }: Piece): Generator<void, string | null> {
  const parts = emptyParts();
  for (let i = 0, at = start; i < count; i++) {
    at = readParts(bytes, at, end, parts);
    if (parts.keyStart < 0 && bytes[parts.bodyStart] !== lengthOfNull)
      return 'a key length below -1';
    const valueAt = parts.keyStart < 0 ? parts.bodyStart + 1 : parts.keyEnd;
    if (parts.valueStart < 0 && bytes[valueAt] !== lengthOfNull) return 'a value length below -1';
    if (i % oddNullSlice === oddNullSlice - 1) yield;
  }
  return null;
}

/** What is wrong with the first odd record. */
function oddity({ bytes, end }: Piece, places: Places): string {
  const parts = emptyParts();
  for (let index = 0; index < places.starts.length; index++) {
    const fault = readPlaced(bytes, places, index, end, parts);
    if (fault !== null) return fault;
  }
  return 'records that are not in their places';
}

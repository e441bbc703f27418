// One piece of a partition's log: a segment, how much of it counts, and where its batches begin.
import {
  type BatchHeader,
  DamagedBatch,
  headerSize,
  lengthOverhead,
  readBatchHeader,
  readInt64,
} from '../record-batch/batch-header.ts';
import { MAX_FRAME_BYTES } from './frames.ts';
import type { Segment } from './segments.ts';
import { createSparseIndex, INDEX_GAP, type SparseIndex } from './sparse-index.ts';

export type Piece = {
  /** The first offset that it may hold. */
  readonly base: number;
  readonly segment: Segment;
  size: number;
  /** Null until a piece of an earlier process is read for the first time. */
  index: SparseIndex | null;
};

/** Where a batch lies in its piece. */
export type Extent = { readonly position: number; readonly length: number };

/** Whether the batch at `at` is one that is looked for. */
export type Wanted = (bytes: Buffer, at: number) => boolean;

/**
 * Reads the headers of a piece into its index; `size` becomes what holds whole, good batches in the order
 * of their offsets. Returns the offset after the last of them. `check` throws DamagedBatch at one that is
 * not good.
 */
export function loadPiece(
  piece: Piece,
  segmentBytes: number,
  check: (bytes: Buffer, header: BatchHeader) => void,
): number {
  // The size of a file is only a claim: no piece is larger than this.
  const most = segmentBytes + MAX_FRAME_BYTES;
  const bytes = piece.segment.read(0, Math.min(piece.size, most));
  piece.index = createSparseIndex();
  piece.size = 0;
  let next = piece.base;
  try {
    let header = readBatchHeader(bytes, 0);
    while (header && header.baseOffset === next && header.lastOffset >= next) {
      check(bytes, header);
      piece.index.add(next, header.start, header.maxTimestamp);
      piece.size = header.end;
      next = header.lastOffset + 1;
      header = readBatchHeader(bytes, header.end);
    }
  } catch (error) {
    // The first batch that makes no sense ends the piece.
    if (!(error instanceof DamagedBatch)) throw error;
  }
  return next;
}

/** The first wanted batch that begins within one gap of the index from `position` on. */
export function findBatch(piece: Piece, position: number, wanted: Wanted): Extent | null {
  const size = Math.min(INDEX_GAP + headerSize, piece.size - position);
  const bytes = piece.segment.read(position, size);
  for (let at = 0; at + headerSize <= bytes.length; ) {
    const length = lengthOverhead + bytes.readInt32BE(at + 8);
    // The file was changed by somebody else.
    if (length < headerSize || length > piece.size - position - at) return null;
    if (wanted(bytes, at)) return { position: position + at, length };
    at += length;
  }
  return null;
}

/** A batch whose last record has this offset or a later one. */
export const endsAtOrAfter =
  (offset: number): Wanted =>
  (bytes, at) =>
    readInt64(bytes, at) + bytes.readInt32BE(at + 23) >= offset;

/** A batch with a record of this time or a later one, by what its header says. */
export const isOf =
  (time: number): Wanted =>
  (bytes, at) =>
    readInt64(bytes, at + 35) >= time;

// One segment of a partition's log: its bytes, how many of them count, and where its batches begin.
import {
  type BatchHeader,
  DamagedBatch,
  headerSize,
  lengthOverhead,
  readBatchHeader,
  readInt64,
} from '../record-batch/batch-header.ts';
import { MAX_FRAME_BYTES } from './frames.ts';
import type { SegmentStorage } from './segments.ts';
import { createSparseIndex, INDEX_GAP, type SparseIndex } from './sparse-index.ts';

export type LogSegment = {
  /** The first offset that it may hold. */
  readonly base: number;
  readonly storage: SegmentStorage;
  size: number;
  /** Null until a segment of an earlier process is read for the first time. */
  index: SparseIndex | null;
};

/** Where a batch lies in its segment. */
export type Extent = { readonly position: number; readonly length: number };

/** Whether the batch at `at` is one that is looked for. */
export type Wanted = (bytes: Buffer, at: number) => boolean;

/**
 * Reads the headers of a segment into its index; `size` becomes what holds whole, good batches in the order
 * of their offsets. Returns the offset after the last of them. `check` throws DamagedBatch at one that is
 * not good.
 */
export function loadSegment(
  segment: LogSegment,
  segmentBytes: number,
  check: (bytes: Buffer, header: BatchHeader) => void,
): number {
  // The size of a file is only a claim: no segment is larger than this.
  const most = segmentBytes + MAX_FRAME_BYTES;
  const bytes = segment.storage.read(0, Math.min(segment.size, most));
  segment.index = createSparseIndex();
  segment.size = 0;
  let next = segment.base;
  try {
    let header = readBatchHeader(bytes, 0);
    while (header && header.baseOffset === next && header.lastOffset >= next) {
      check(bytes, header);
      segment.index.add(next, header.start, header.maxTimestamp);
      segment.size = header.end;
      next = header.lastOffset + 1;
      header = readBatchHeader(bytes, header.end);
    }
  } catch (error) {
    // The first batch that makes no sense ends the segment.
    if (!(error instanceof DamagedBatch)) throw error;
  }
  return next;
}

/** The first wanted batch that begins within one gap of the index from `position` on. */
export function findBatch(segment: LogSegment, position: number, wanted: Wanted): Extent | null {
  const size = Math.min(INDEX_GAP + headerSize, segment.size - position);
  const bytes = segment.storage.read(position, size);
  for (let at = 0; at + headerSize <= bytes.length; ) {
    const length = lengthOverhead + bytes.readInt32BE(at + 8);
    // The file was changed by somebody else.
    if (length < headerSize || length > segment.size - position - at) return null;
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

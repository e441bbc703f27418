// One partition: batches one after the other, verbatim but for base offset and leader epoch, which
// the CRC leaves out. Kept in pieces, so that retention and DeleteRecords free what they delete.
import {
  type BatchHeader,
  checkCrc,
  DamagedBatch,
  headerSize,
  lengthOverhead,
  readBatchHeader,
  readInt64,
} from '../record-batch/batch-header.ts';
import { ErrorCode } from './error-code.ts';
import { MAX_FRAME_BYTES } from './frames.ts';
import { createProducerSequences } from './producer-sequences.ts';
import type { Segment, SegmentStore } from './segments.ts';
import { createSparseIndex, INDEX_GAP, type SparseIndex } from './sparse-index.ts';

const SEGMENT_BYTES = 8 * 1024 * 1024;
/** DeleteRecords begins a new piece when this part of the growing one is dead. */
const DEAD_PART = 1 / 32;

type Piece = {
  readonly base: number;
  readonly segment: Segment;
  size: number;
  /** Null until a piece of an earlier process is read for the first time. */
  index: SparseIndex | null;
};

/** Where a batch lies in its piece. */
type Place = { readonly position: number; readonly length: number };
type Wanted = (bytes: Buffer, at: number) => boolean;

export type PartitionLog = ReturnType<typeof openPartitionLog>;

type Dependencies = {
  store: SegmentStore;
  /** Where DeleteRecords had moved the start to. */
  startOffset: number;
  saveStart: (offset: number) => void;
  /** Old pieces go while at least this much stays; -1 keeps all. */
  retentionBytes: number;
  segmentBytes?: number;
  /** Told in words when the end of the log had to be cut off. */
  onDamage: (message: string) => void;
};

/** Opens a partition; what is not a whole, valid batch at the end of its log is cut off. */
export function openPartitionLog(dependencies: Dependencies) {
  const { store, saveStart, onDamage } = dependencies;
  let { retentionBytes } = dependencies;
  const { segmentBytes = SEGMENT_BYTES } = dependencies;
  const producers = createProducerSequences();
  const listeners = new Set<() => void>();
  const pieces: Piece[] = [];
  let start = dependencies.startOffset;
  let end = start;
  recover();

  function recover(): void {
    let damaged = false;
    const all = store.existing();
    for (const [i, { base, size }] of all.entries()) {
      const piece: Piece = { base, segment: store.open(base), size, index: null };
      const next = all[i + 1];
      if (damaged || (next && next.base <= start)) {
        piece.segment.remove();
        continue;
      }
      pieces.push(piece);
      // A crash can only have touched what was written in its last moments: the last two pieces.
      if (i < all.length - 2) continue;
      end = load(piece, (bytes, header) => {
        checkCrc(bytes, header);
        producers.appended(header, header.baseOffset);
      });
      if (piece.size === size && (!next || next.base === end)) continue;
      damaged = true;
      onDamage(`cut ${size - piece.size} damaged bytes off the log at offset ${end}`);
    }
    start = Math.max(start, pieces[0]?.base ?? 0);
    if (end < start) {
      for (const piece of pieces.splice(0)) piece.segment.remove();
      end = start;
    }
    if (pieces.length === 0) begin();
  }

  /** Fills the index of a piece from its headers; returns the offset after the last good batch. */
  function load(piece: Piece, check: (bytes: Buffer, header: BatchHeader) => void): number {
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

  function begin(): Piece {
    pieces.at(-1)?.segment.seal();
    const piece = { base: end, segment: store.open(end), size: 0, index: createSparseIndex() };
    pieces.push(piece);
    return piece;
  }

  function indexOf(piece: Piece): SparseIndex {
    if (piece.index) return piece.index;
    const { size } = piece;
    const next = load(piece, () => {});
    if (piece.size < size) onDamage(`what follows offset ${next} cannot be read`);
    return piece.index!;
  }

  const pieceOf = (offset: number) => pieces.findLast(({ base }) => base <= offset) ?? pieces[0]!;

  /** Moves the start and drops the pieces of which nothing is left. */
  function moveStart(offset: number): void {
    start = Math.max(start, offset);
    while (pieces.length > 1 && pieces[1]!.base <= start) pieces.shift()!.segment.remove();
  }

  function retain(): void {
    if (retentionBytes < 0) return;
    let total = 0;
    for (const { size } of pieces) total += size;
    while (pieces.length > 1 && total - pieces[0]!.size >= retentionBytes) {
      total -= pieces[0]!.size;
      moveStart(pieces[1]!.base);
    }
  }

  /** The first wanted batch that begins within one gap of the index from `position` on. */
  function find(piece: Piece, position: number, wanted: Wanted): Place | null {
    const size = Math.min(INDEX_GAP + headerSize, piece.size - position);
    const bytes = piece.segment.read(position, size);
    for (let at = 0; at + headerSize <= bytes.length; ) {
      const length = lengthOverhead + bytes.readInt32BE(at + 8);
      // The file has changed behind our back.
      if (length < headerSize || length > piece.size - position - at) return null;
      if (wanted(bytes, at)) return { position: position + at, length };
      at += length;
    }
    return null;
  }

  const endsAtOrAfter =
    (offset: number): Wanted =>
    (bytes, at) =>
      readInt64(bytes, at) + bytes.readInt32BE(at + 23) >= offset;

  function notify(): void {
    for (const listener of [...listeners]) listener();
  }

  return {
    start: () => start,
    /** The next offset to be written: the high watermark. */
    end: () => end,

    /** Appends one valid batch; throws what the file system throws, and then nothing has changed. */
    append(batch: Buffer, header: BatchHeader): { error: ErrorCode; baseOffset: number } {
      const verdict = producers.judge(header);
      if (verdict !== 'append') {
        if ('error' in verdict) return { error: verdict.error, baseOffset: -1 };
        return { error: ErrorCode.NONE, baseOffset: verdict.duplicateOf };
      }
      let piece = pieces.at(-1)!;
      if (piece.size > 0 && piece.size + batch.length > segmentBytes) {
        piece = begin();
        retain();
      }
      const baseOffset = end;
      batch.writeBigInt64BE(BigInt(baseOffset), 0);
      batch.writeInt32BE(0, 12);
      piece.segment.write(batch, piece.size);
      indexOf(piece).add(baseOffset, piece.size, header.maxTimestamp);
      piece.size += batch.length;
      end += header.count;
      producers.appended(header, baseOffset);
      notify();
      return { error: ErrorCode.NONE, baseOffset };
    },

    /**
     * Whole batches from the one that holds `offset` on, at most `maxBytes` of them; the first comes
     * whatever its size when `atLeastOne`. Null when the stored bytes are not what was written.
     */
    read(offset: number, maxBytes: number, atLeastOne: boolean): Buffer | null {
      if (offset >= end) return Buffer.alloc(0);
      const piece = pieceOf(offset);
      const index = indexOf(piece);
      const first = find(piece, index.positionOf(offset), endsAtOrAfter(offset));
      if (!first) return null;
      const limit = first.position + maxBytes;
      let until = limit >= piece.size ? piece.size : index.boundary(limit);
      if (until <= first.position) {
        if (first.length > maxBytes && !atLeastOne) return Buffer.alloc(0);
        until = first.position + first.length;
      }
      return piece.segment.read(first.position, until - first.position);
    },

    /** About how many bytes stand from `offset` on. */
    bytesFrom(offset: number): number {
      if (offset >= end) return 0;
      const piece = pieceOf(offset);
      let bytes = piece.size - indexOf(piece).positionOf(offset);
      for (const later of pieces.slice(pieces.indexOf(piece) + 1)) bytes += later.size;
      return bytes;
    },

    /** The first batch with a record of `time` or later; null when all are earlier. */
    batchAt(time: number): Buffer | null {
      const isLater: Wanted = (bytes, at) =>
        readInt64(bytes, at + 35) >= time && endsAtOrAfter(start)(bytes, at);
      for (const piece of pieces) {
        const index = indexOf(piece);
        for (const position of index.positionsAt(time, index.positionOf(start))) {
          const place = find(piece, position, isLater);
          if (place) return piece.segment.read(place.position, place.length);
        }
      }
      return null;
    },

    /** Deletes the records before `offset`, which is within [start, end]. */
    deleteBefore(offset: number): void {
      if (offset <= start) return;
      saveStart(offset);
      const last = pieces.at(-1)!;
      const dead = offset - last.base <= 0 ? 0 : indexOf(last).positionOf(offset);
      if (last.size > 0 && (offset === end || dead >= segmentBytes * DEAD_PART)) begin();
      moveStart(offset);
    },

    /** Called after every append and when the partition is gone; returns how to stop that. */
    onChange(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    /** From now on keeps at least so many bytes; -1 keeps all. */
    retain(bytes: number): void {
      retentionBytes = bytes;
    },

    flush: (failed: (error: Error) => void) => pieces.at(-1)!.segment.flush(failed),
    close: () => pieces.at(-1)!.segment.close(),
    remove(): void {
      for (const piece of pieces) piece.segment.remove();
      notify();
    },
  };
}

// The pieces of one partition's log, from the start of the log to its end. They go whole: with retention,
// with DeleteRecords, and, what was written in the last moments before a crash, at the recovery.
import { type BatchHeader, checkCrc } from '../record-batch/batch-header.ts';
import { loadPiece, type Piece } from './piece.ts';
import type { SegmentStore } from './segments.ts';
import { createSparseIndex, type SparseIndex } from './sparse-index.ts';

/** What an earlier process kept, less what is damaged; there is always one piece at least. */
export function openPieces(deps: {
  store: SegmentStore;
  /** Records below it are deleted. */
  startOffset: number;
  segmentBytes: number;
  /** Hears of the batches that were written last. */
  recovered: (header: BatchHeader) => void;
  /** Told in words what cannot be read any more. */
  onDamage: (message: string) => void;
}) {
  const { store, segmentBytes, recovered, onDamage } = deps;
  const pieces: Piece[] = [];
  let start = deps.startOffset;
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
      end = loadPiece(piece, segmentBytes, (bytes, header) => {
        checkCrc(bytes, header);
        recovered(header);
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

  function begin(): Piece {
    pieces.at(-1)?.segment.seal();
    const piece = { base: end, segment: store.open(end), size: 0, index: createSparseIndex() };
    pieces.push(piece);
    return piece;
  }

  /** Moves the start and drops the pieces of which nothing is left. */
  function moveStart(offset: number): void {
    start = Math.max(start, offset);
    while (pieces.length > 1 && pieces[1]!.base <= start) pieces.shift()!.segment.remove();
  }

  return {
    /** In the order of the log. */
    all: pieces as readonly Piece[],
    start: () => start,
    end: () => end,
    last: () => pieces.at(-1)!,
    /** The piece that holds an offset. */
    of: (offset: number) => pieces.findLast(({ base }) => base <= offset) ?? pieces[0]!,

    indexOf(piece: Piece): SparseIndex {
      if (piece.index) return piece.index;
      const { size } = piece;
      const next = loadPiece(piece, segmentBytes, () => {});
      if (piece.size < size) onDamage(`what follows offset ${next} cannot be read`);
      return piece.index!;
    },

    /** A new last piece; what is appended from now on goes there. */
    begin,
    moveStart,

    /** The last piece has got a batch. */
    grew(bytes: number, records: number): void {
      pieces.at(-1)!.size += bytes;
      end += records;
    },

    /** Drops the oldest as long as at least so many bytes stay; none when it is negative. */
    retain(bytes: number): void {
      if (bytes < 0) return;
      let total = 0;
      for (const { size } of pieces) total += size;
      while (pieces.length > 1 && total - pieces[0]!.size >= bytes) {
        total -= pieces[0]!.size;
        moveStart(pieces[1]!.base);
      }
    },
  };
}

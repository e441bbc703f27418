// From batch to batch through a record set: which of them may hold something to deliver, piece after piece.

import { createAborted } from './aborted.ts';
import { type BatchHeader, checkBatch, readBatchHeader } from './batch-header.ts';
import { nextPiece, type Piece, piecesOf, plainPiece } from './pieces.ts';
import type { AbortedTransaction } from './record.ts';

export type Batches = {
  /** Where the batch ends whose piece was opened last, as a position. */
  readonly after: number;
  /** Opens the next piece; false at the end. @throws {DamagedBatch} and meets it again when asked again */
  next(): Promise<boolean>;
};

/**
 * Those of `set` that begin below `end`. `cursor` stands at the position to go on from, and is moved past
 * what holds nothing; `open` is called with each piece.
 */
export function createBatches(
  set: { readonly bytes: Buffer; readonly aborted: readonly AbortedTransaction[] },
  end: number,
  cursor: { nextOffset: number },
  open: (header: BatchHeader, piece: Piece) => void,
): Batches {
  const aborted = createAborted(set);
  let at = 0;
  let after = cursor.nextOffset;
  let header: BatchHeader | null = null;
  let pieces: AsyncGenerator<Piece, void> | null = null;

  async function next(): Promise<boolean> {
    for (;;) {
      if (cursor.nextOffset >= end) return false;
      // Awaited only where there is something to wait for: most batches are one piece.
      if (pieces !== null && (await openNext())) return true;
      if (after > cursor.nextOffset) cursor.nextOffset = after;
      header = readBatchHeader(set.bytes, at);
      if (header === null) return false;
      if (header.baseOffset >= end) {
        cursor.nextOffset = end;
        return false;
      }
      checkBatch(set.bytes, header);
      aborted.enter(header);
      if (header.control) await aborted.passControl(header);
      at = header.end;
      after = header.lastOffset + 1;
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
      at = header.start;
      after = cursor.nextOffset;
      pieces = null;
      throw error;
    }
  }

  /** Whether there may be something to deliver in the batch. */
  function isWanted(header: BatchHeader): boolean {
    if (header.count === 0 || header.control || header.lastOffset < cursor.nextOffset) return false;
    return !aborted.has(header);
  }

  return {
    get after() {
      return after;
    },
    next,
  };
}

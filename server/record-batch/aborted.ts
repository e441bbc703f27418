// Transactions that were aborted: a Fetch answer lists where each began, a control batch says where it ends.
import { type BatchHeader, DamagedBatch } from './batch-header.ts';
import { nextPiece, type Piece, piecesOf } from './pieces.ts';
import type { AbortedTransaction } from './record.ts';
import { emptyParts, readParts } from './record-parts.ts';

export type Aborted = {
  /** Takes note of those that begin in this batch. */
  enter(header: BatchHeader): void;
  /** Whether the records of the batch count as never written. */
  has(header: BatchHeader): boolean;
  /** Takes note of what a control batch ends. @throws {DamagedBatch} */
  passControl(header: BatchHeader): Promise<void>;
};

/** Those of a record set; its batches come in order. */
export function createAborted(set: {
  readonly bytes: Buffer;
  readonly aborted: readonly AbortedTransaction[];
}): Aborted {
  const begins = [...set.aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const producers = new Set<number>();
  let next = 0;

  async function endsAborted(header: BatchHeader): Promise<boolean> {
    const piece = await nextPiece(piecesOf(set.bytes, header), header.baseOffset);
    if (piece !== null && piece.places === null) return isAbortMarker(piece);
    throw new DamagedBatch(header.baseOffset, 'INVALID_RECORD', 'a control record that is odd');
  }

  return {
    enter({ lastOffset }) {
      for (; next < begins.length && begins[next]!.firstOffset <= lastOffset; next++) {
        producers.add(begins[next]!.producerId);
      }
    },
    has: ({ transactional, producerId }) => transactional && producers.has(producerId),
    async passControl(header) {
      if (header.count > 0 && (await endsAborted(header))) producers.delete(header.producerId);
    },
  };
}

/** Whether a control batch ends a transaction without its records; other kinds mean nothing here. */
function isAbortMarker({ bytes, start, end }: Piece): boolean {
  const parts = emptyParts();
  readParts(bytes, start, end, parts);
  const { keyStart, keyEnd } = parts;
  return keyStart >= 0 && keyEnd - keyStart >= 4 && bytes.readInt16BE(keyStart + 2) === 0;
}

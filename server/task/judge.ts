// Whether the bytes of a record are a value that may be handled.
import { Fault, flawOf } from '../log/fault.ts';
import type { Fold } from '../log/fold.ts';
import { Unready } from '../log/unready.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import type { StoredRecord } from '../record-batch/record.ts';
import { bodyOf, storedValueAt, varintEnd } from '../record-batch/record-parts.ts';

/** The value of a record, why it cannot be handled, or that nobody can tell yet. */
export type Judge<Value> = {
  /** Of the record under a cursor. */
  arriving(cursor: RecordCursor): Value | Fault | Unready;
  /** Of one that was kept. */
  stored(record: StoredRecord): Value | Fault | Unready;
};

/** Judges by the fold, and by the room that its state has left. */
export function createJudge<Value, State>(
  fold: Pick<Fold<Value, State>, 'decode' | 'admit'>,
  books: { readonly folded: State },
): Judge<Value> {
  function judge(bytes: Buffer, start: number, end: number): Value | Fault | Unready {
    const value = fold.decode(bytes, start, end);
    if (value instanceof Fault || value instanceof Unready) return value;
    return fold.admit(books.folded, value) ?? value;
  }
  return {
    arriving({ cut, fault, bytes, valueStart, valueEnd }) {
      const flaw = cut === null && fault === null ? null : flawOf(cut, fault);
      return flaw ?? judge(bytes, valueStart, valueEnd);
    },
    stored(record) {
      const flaw = flawOf(record.cut, record.fault);
      if (flaw !== null) return flaw;
      // Where it lies: a view would cost as much as the rest, and more for the bytes it is of.
      const body = bodyOf(record);
      const start = storedValueAt(body);
      return judge(body, start, start < 0 ? start : varintEnd);
    },
  };
}

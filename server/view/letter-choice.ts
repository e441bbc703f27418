// Which dead letters a redrive is about, and which of them can be sent. Pure: whoever carries it out, and
// whoever asks before what it would come to, comes to the same letters.
import type { RedriveCommand } from '../log/command.ts';
import type { LetterFilter } from '../log/selection.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { pickHeaders } from '../record-batch/record-parts.ts';
import type { IndexedLetter } from './dead-letter-index.ts';
import { createLetterFields } from './letter-fields.ts';
import { createLetterTest } from './letter-text.ts';

/**
 * A letter that is selected. `parked`: it was redriven too often to be sent unless it is named.
 * `leftOut`: it cannot be sent, for it is of another group, or not all of the order stands in it.
 */
export type ChosenLetter = {
  readonly kind: 'send' | 'parked' | 'leftOut';
  /** Offset of the order that it stands for; -1 when that is none of ours. */
  readonly origin: number;
  /** How often the order was redriven before. */
  readonly lives: number;
};

/** What the letter under the cursor is to a selection; null: nothing. */
export type ChooseLetter = (cursor: RecordCursor) => ChosenLetter | null;

/** Headers that say what is missing of the original. */
const CUT_VALUE = [Buffer.from('orders.errors.value.bytes')];
const CUT = ['key.bytes', 'headers.left-out'].map((name) => Buffer.from(`orders.errors.${name}`));

/** Makes the choice of one partition's share of a redrive; `group` and `topic` say which orders are ours. */
export function createChooser(ours: {
  group: string;
  topic: string;
}): (command: RedriveCommand, partition: number) => ChooseLetter {
  const fieldsOf = createLetterFields(ours);

  return ({ selection, maxRedrives, value }, partition) => {
    const isSelected =
      selection.kind === 'offsets' ? named(selection.offsets) : filtered(selection);
    const cut = value === null ? [...CUT, ...CUT_VALUE] : CUT;
    return (cursor) => {
      const letter = fieldsOf(partition, cursor);
      if (!isSelected(letter, cursor)) return null;
      const { origin, lives } = letter;
      const damaged = cursor.cut !== null || cursor.fault !== null;
      if (origin < 0 || damaged || pickHeaders(cursor.bytes, cursor, cut).length > 0) {
        return { kind: 'leftOut', origin, lives };
      }
      const parked = selection.kind === 'filter' && lives >= maxRedrives;
      return { kind: parked ? 'parked' : 'send', origin, lives };
    };
  };
}

type Test = (letter: IndexedLetter, cursor: RecordCursor) => boolean;

function named(offsets: readonly number[]): Test {
  const wanted = new Set(offsets);
  return ({ offset }) => wanted.has(offset);
}

function filtered({ filter, below }: { filter: LetterFilter; below: number }): Test {
  const { code, group, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = filter;
  const { q = '' } = filter;
  const contains = q === '' ? () => true : createLetterTest(q);
  return (letter, cursor) =>
    letter.offset < below &&
    (code === undefined || letter.code === code) &&
    (group === undefined || letter.group === group) &&
    letter.timestamp >= from &&
    letter.timestamp < to &&
    contains(cursor);
}

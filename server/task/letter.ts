// One order as the record that goes to the dead-letter topic.
import type { Clock } from '../log/clock.ts';
import {
  type Author,
  type DeadLetterCause,
  deadLetterHeaders,
  type Note,
} from '../log/dead-letter.ts';
import { FORMS, shorten } from '../log/dead-letter-form.ts';
import type { TopicPartition } from '../log/ports.ts';
import { traceIdOf } from '../log/tracing.ts';
import type { RecordContent, RecordHeader } from '../record-batch/record.ts';
import { countHeaders, openRecord } from '../record-batch/record-parts.ts';
import { encodedSize } from '../record-batch/writer.ts';
import type { Pending } from './pending.ts';

/** An order that was given up, and why. */
export type Entry = { readonly order: Pending; readonly cause: DeadLetterCause };

export type WrittenLetter = {
  readonly entry: Entry;
  /** Which of FORMS it has. */
  readonly form: number;
  readonly record: RecordContent;
  /** Before compression. */
  readonly bytes: number;
};

export const MAX_BATCH_RECORDS = 500;
/** A record with more headers than this goes without them: each costs a hundred bytes of memory. */
const MAX_HEADERS = 10_000;

/** Writes the letter of an order of `source` in one of FORMS. */
export async function writeLetter(
  {
    source,
    author,
    clock,
    traceOf,
  }: {
    source: TopicPartition;
    author: Author;
    clock: Pick<Clock, 'now'>;
    traceOf: (offset: number) => readonly RecordHeader[];
  },
  entry: Entry,
  form: number,
): Promise<WrittenLetter> {
  const { record: original } = entry.order;
  const count = countHeaders(original);
  const tooMany = count > MAX_HEADERS;
  const { offset, timestamp, ...parts } = openRecord(original, tooMany ? 0 : count);
  const shortened = await shorten({ ...parts, cut: original.cut }, FORMS[form]!);
  const { key, value, headers } = shortened;
  const all: Note[] = tooMany ? [['headers.left-out', `all ${count}`]] : [];
  const notes = [...shortened.notes, ...all];
  const origin = { ...source, offset, timestamp };
  const record = {
    timestamp: clock.now(),
    key,
    value,
    headers: deadLetterHeaders(
      origin,
      entry.cause,
      author,
      withTrace(headers, traceOf(offset)),
      notes,
    ),
  };
  return { entry, form, record, bytes: encodedSize(record, MAX_BATCH_RECORDS, record.timestamp) };
}

/** A trace that the record names already stays as it is: foreign headers are kept byte for byte. */
function withTrace(headers: readonly RecordHeader[], trace: readonly RecordHeader[]) {
  return traceIdOf(headers) === null ? [...headers, ...trace] : headers;
}

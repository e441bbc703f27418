// Records of a topic that carry an id, found in what stands there.
import type { Clock } from '../log/clock.ts';
import type { LogReader, TopicPartition } from '../log/ports.ts';
import { redriveIn } from '../log/redrive.ts';
import type { LetterPlace } from '../log/selection.ts';
import { readRange } from '../log/walk.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import type { KafkaRecord } from '../record-batch/record.ts';
import { openRecord } from '../record-batch/record-parts.ts';
import { type SearchReach, searchRecords } from './record-search.ts';

/** Records of one id that are looked for. */
const MAX_RECORDS = 100;

/** A record in bytes of its own, and its place. */
export type Carrier = LetterPlace & { readonly record: KafkaRecord };

/** How an id is read from a value. */
export type IdTerms = {
  /** The id in a value; null when it has none. */
  idOf(value: Buffer): string | null;
  /** Resolves when `idOf` can tell, or nothing will be; undefined when that is so already. */
  ready(value: Buffer): Promise<void> | undefined;
};

/** As a key of sets: `1-48213`. */
export const keyOf = ({ partition, offset }: LetterPlace) => `${partition}-${offset}`;

/**
 * All records with the id, and those that were redriven for one of these `origins`, whatever their id: an
 * edited order may have another. Ends when `signal` is aborted; how far it came is said.
 */
export async function findCarriers(deps: {
  reader: LogReader;
  clock: Clock;
  topic: string;
  partitions: number;
  id: string;
  origins: ReadonlySet<string>;
  terms: IdTerms;
  signal: AbortSignal;
}): Promise<{ found: Carrier[]; reach: SearchReach }> {
  const { id, origins, terms, ...search } = deps;
  const found: Carrier[] = [];
  const carries = createCarrierTest(id, terms);
  const isFull = () => found.length >= MAX_RECORDS;
  const isRedriven = (partition: number, cursor: RecordCursor) => {
    const redrive = origins.size === 0 ? null : redriveIn(cursor.bytes, cursor);
    return redrive !== null && origins.has(keyOf({ partition, offset: redrive.origin }));
  };
  const take = (partition: number, cursor: RecordCursor) => {
    if (isFull()) return;
    const record = openRecord(cursor.copy());
    found.push({ partition, offset: record.offset, record });
  };
  const enough = () => (isFull() ? `${MAX_RECORDS} records were found before` : null);
  const reach = await searchRecords({ ...search, enough }, (partition, cursor) => {
    const does = isRedriven(partition, cursor) || carries(cursor);
    if (does === true) take(partition, cursor);
    if (typeof does === 'boolean') return;
    return does.then((yes) => (yes ? take(partition, cursor) : undefined));
  });
  return { found, reach };
}

/** The record at an offset; null when there is none. */
export async function recordAt(
  access: { reader: LogReader; clock: Clock; signal: AbortSignal },
  tp: TopicPartition,
  offset: number,
): Promise<KafkaRecord | null> {
  let record: KafkaRecord | null = null;
  await readRange(access, tp, { from: offset, to: offset + 1 }, (cursor) => {
    record = openRecord(cursor.copy());
  });
  return record;
}

/** Whether a record carries an id: in its value or, when that is no order, as its key. */
function createCarrierTest(id: string, { idOf, ready }: IdTerms) {
  const needle = Buffer.from(id);
  return ({ bytes, keyStart, keyEnd, valueStart, valueEnd }: RecordCursor) => {
    const isKey = keyStart >= 0 && needle.equals(bytes.subarray(keyStart, keyEnd));
    const value = valueStart < 0 ? null : bytes.subarray(valueStart, valueEnd);
    // Whatever the framing, an id stands in the value as it is.
    if (value === null || !(isKey || value.includes(needle))) return isKey;
    const carries = () => {
      const found = idOf(value);
      return found === null ? isKey : found === id;
    };
    const wait = ready(value);
    return wait === undefined ? carries() : wait.then(carries);
  };
}

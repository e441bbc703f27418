// A dead letter on its way back: the headers that a redriven record carries, and what they say.
//
// A redriven record stands for an order that was dead-lettered before. What counts is the place of
// that order, its origin: two copies of a dead letter stand for one order, and so do their redriven
// records. A ledger that has seen one record of its group for an origin passes over every other one,
// whoever sent it and whenever it arrives. So nobody has to know what others have sent.

import type { RecordContent, RecordHeader } from '../record-batch/record.ts';
import { hasHeaderLike, pickHeaders, type RecordParts } from '../record-batch/record-parts.ts';
import { isForeign } from './dead-letter.ts';
import type { Original } from './original.ts';

/** What a redriven record says of itself. */
export type Redrive = {
  /** The consumer group that redrives; for all others the record is nothing. */
  readonly group: string;
  /** The place of the dead letter in the dead-letter topic, in the partition of the same number. */
  readonly deadLetter: number;
  /** The offset of the order that the dead letter stands for, in the partition of the redriven record. */
  readonly origin: number;
  /** Of the command that asked for it. */
  readonly id: string;
  /** How often it was redriven by now, this time included: 1 more than its dead letter says. */
  readonly count: number;
  /** When it was sent, ms since 1970. */
  readonly at: number;
  /** Who gave the command, as the caller said. */
  readonly by: string;
};

const PREFIX = Buffer.from('orders.redrive.');
const FIELDS = ['group', 'dead-letter', 'origin', 'id', 'count', 'at', 'by'] as const;
type Field = (typeof FIELDS)[number];

/** The names of the headers, all of which a redriven record has. */
export const REDRIVE_HEADERS: readonly Buffer[] = FIELDS.map((field) =>
  Buffer.concat([PREFIX, Buffer.from(field)]),
);

/** Bytes of a header of ours; Kafka allows as many for the id of a group. */
const MAX_BYTES = 32_767;
const MAX_NUMBER = 2 ** 52;
/** Characters of a command's id, all of them visible ASCII. */
export const MAX_COMMAND_ID = 64;

/** Whether a header is one that tells of a redrive. */
export function isRedriveHeader({ key }: Pick<RecordHeader, 'key'>): boolean {
  return key.length > PREFIX.length && PREFIX.compare(key, 0, PREFIX.length) === 0;
}

/**
 * What the headers of a record say, null for an ordinary order. One whose headers are incomplete, make
 * no sense or contradict each other is an ordinary order too.
 */
export function redriveOf(headers: readonly RecordHeader[]): Redrive | null {
  const texts = new Map<Field, string>();
  for (const { key, value } of headers) {
    const field = FIELDS[REDRIVE_HEADERS.findIndex((name) => name.equals(key))];
    if (field === undefined) continue;
    if (value === null || value.length > MAX_BYTES) return null;
    const text = value.toString();
    if ((texts.get(field) ?? text) !== text) return null;
    texts.set(field, text);
  }
  const number = (field: Field) => naturalNumber(texts.get(field));
  const group = texts.get('group');
  const deadLetter = number('dead-letter');
  const origin = number('origin');
  const id = texts.get('id');
  const count = number('count');
  const at = number('at');
  const by = texts.get('by');
  if (group === undefined || by === undefined || id === undefined || !isCommandId(id)) return null;
  if (deadLetter === null || origin === null || at === null) return null;
  if (count === null || count === 0) return null;
  return { group, deadLetter, origin, id, count, at, by };
}

/** The same of a record where it lies; costs next to nothing for a record without headers. */
export function redriveIn(
  bytes: Buffer,
  parts: Pick<RecordParts, 'headerCount' | 'headersStart'>,
): Redrive | null {
  if (parts.headerCount === 0 || !hasHeaderLike(bytes, parts, PREFIX)) return null;
  return redriveOf(pickHeaders(bytes, parts, REDRIVE_HEADERS));
}

/** Whether a text can be the id of a command: 1 to 64 visible ASCII characters. */
export function isCommandId(text: string): boolean {
  return text.length <= MAX_COMMAND_ID && /^[\x21-\x7e]+$/.test(text);
}

/**
 * The record that goes back to `orders`: key, value and foreign headers of its dead letter byte for
 * byte, in their order, without what earlier failures and redrives left; `value` takes the place of the
 * value when it was edited. To be appended to the partition of the dead letter's origin, and only for a
 * dead letter of this very group: what another group gave up may be counted here.
 * @throws {RangeError} when a reader would not understand what `redrive` says
 */
export function redrivenRecord(letter: Original, redrive: Redrive, value?: Buffer): RecordContent {
  if (!isSound(redrive)) throw new RangeError(`no redrive: ${JSON.stringify(redrive)}`);
  const foreign = letter.headers.filter((each) => isForeign(each) && !isRedriveHeader(each));
  const own = headersOf(redrive);
  return {
    timestamp: redrive.at,
    key: letter.key,
    value: value ?? letter.value,
    headers: [...foreign, ...own],
  };
}

function headersOf({ group, deadLetter, origin, id, count, at, by }: Redrive): RecordHeader[] {
  return [group, deadLetter, origin, id, count, at, by].map((value, i) => ({
    key: REDRIVE_HEADERS[i]!,
    value: Buffer.from(String(value)),
  }));
}

/** Whether `redriveOf` would give it back; asked of every record that is sent. */
function isSound({ group, deadLetter, origin, id, count, at, by }: Redrive): boolean {
  return (
    isNatural(deadLetter) &&
    isNatural(origin) &&
    isNatural(at) &&
    isNatural(count) &&
    count > 0 &&
    isCommandId(id) &&
    fits(group) &&
    fits(by)
  );
}

const fits = (text: string) => Buffer.byteLength(text) <= MAX_BYTES;

function isNatural(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number < MAX_NUMBER;
}

function naturalNumber(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return null;
  const value = Number(text);
  return value < MAX_NUMBER ? value : null;
}

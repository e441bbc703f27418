// What the index keeps of a dead letter, read from the bytes of its record: a million of them in three
// seconds. So a header is no object, and a reason that was seen lately is no new text.
import { clip } from '../log/clip.ts';
import { codeOf, MAX_TEXT_BYTES } from '../log/dead-letter.ts';
import { redriveIn } from '../log/redrive.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { varint, varintEnd } from '../record-batch/record-parts.ts';
import type { IndexedLetter } from './dead-letter-index.ts';
import { groupOf } from './letter-group.ts';

const REASON = Buffer.from('errorReason');
const GROUP = Buffer.from('orders.errors.group');
const TOPIC = Buffer.from('orders.errors.topic');
const PARTITION = Buffer.from('orders.errors.partition');
const OFFSET = Buffer.from('orders.errors.offset');
const REDRIVE = Buffer.from('orders.redrive.');

/** Reasons whose groups are remembered. */
const KNOWN_REASONS = 1024;

/** Reads records of the dead-letter topic; `group` and `topic` say which orders are ours. */
export function createLetterFields({
  group,
  topic,
}: {
  group: string;
  topic: string;
}): (partition: number, cursor: RecordCursor) => IndexedLetter {
  const ourGroup = Buffer.from(group);
  const ourTopic = Buffer.from(topic);
  const known = new Array<KnownReason | undefined>(KNOWN_REASONS).fill(undefined);

  function reasonIn(bytes: Buffer, start: number, end: number): KnownReason {
    if (start < 0) return NO_REASON;
    const slot = hashOf(bytes, start, end) & (KNOWN_REASONS - 1);
    const seen = known[slot];
    if (seen !== undefined && seen.bytes.length === end - start) {
      if (seen.bytes.compare(bytes, start, end) === 0) return seen;
    }
    const own = Buffer.from(bytes.subarray(start, end));
    const text = clip(own, MAX_TEXT_BYTES);
    const reason = { bytes: own, code: codeOf(text), group: groupOf(text) };
    if (own.length <= MAX_TEXT_BYTES) known[slot] = reason;
    return reason;
  }

  return (partition, cursor) => {
    const { bytes, offset, timestamp } = cursor;
    const found = findOwn(bytes, cursor);
    const reason = reasonIn(bytes, found.reason, found.reasonEnd);
    const fromPartition = numberIn(bytes, found.partition, found.partitionEnd);
    const fromOffset = numberIn(bytes, found.offset, found.offsetEnd);
    const isOfService =
      found.group >= 0 && found.topic >= 0 && fromPartition >= 0 && fromOffset >= 0;
    const isOurs =
      isOfService &&
      fromPartition === partition &&
      ourGroup.compare(bytes, found.group, found.groupEnd) === 0 &&
      ourTopic.compare(bytes, found.topic, found.topicEnd) === 0;
    const redrive = isOurs && found.redriven ? redriveIn(bytes, cursor) : null;
    const isAgain = redrive !== null && redrive.group === group;
    return {
      partition,
      offset,
      timestamp,
      code: isOfService ? reason.code : null,
      group: reason.group,
      origin: isOurs ? fromOffset : -1,
      lives: isAgain ? redrive.count : 0,
      earlier: isAgain ? redrive.deadLetter : -1,
    };
  };
}

type KnownReason = { readonly bytes: Buffer; readonly code: string | null; readonly group: string };

const NO_REASON: KnownReason = { bytes: Buffer.alloc(0), code: null, group: 'no reason given' };

/** Where the headers lie that matter, from -1 when they are missing or null; one object for all. */
const own = {
  reason: -1,
  reasonEnd: -1,
  group: -1,
  groupEnd: -1,
  topic: -1,
  topicEnd: -1,
  partition: -1,
  partitionEnd: -1,
  offset: -1,
  offsetEnd: -1,
  redriven: false,
};

/** Of a repeated name the last that is not null counts, as everywhere. */
function findOwn(bytes: Buffer, { headerCount, headersStart }: RecordCursor): typeof own {
  own.reason = -1;
  own.group = -1;
  own.topic = -1;
  own.partition = -1;
  own.offset = -1;
  own.redriven = false;
  let at = headersStart;
  for (let left = headerCount; left > 0; left -= 1) {
    const length = varint(bytes, at);
    const name = varintEnd;
    const size = varint(bytes, name + length);
    const value = varintEnd;
    at = value + Math.max(size, 0);
    if (size < 0) continue;
    if (length === REASON.length && isAt(bytes, name, REASON)) {
      own.reason = value;
      own.reasonEnd = at;
    } else if (length === GROUP.length && isAt(bytes, name, GROUP)) {
      own.group = value;
      own.groupEnd = at;
    } else if (length === TOPIC.length && isAt(bytes, name, TOPIC)) {
      own.topic = value;
      own.topicEnd = at;
    } else if (length === PARTITION.length && isAt(bytes, name, PARTITION)) {
      own.partition = value;
      own.partitionEnd = at;
    } else if (length === OFFSET.length && isAt(bytes, name, OFFSET)) {
      own.offset = value;
      own.offsetEnd = at;
    } else if (length > REDRIVE.length && isAt(bytes, name, REDRIVE)) own.redriven = true;
  }
  return own;
}

/** Compares from the end, because the names of our headers begin alike and differ at the end. */
function isAt(bytes: Buffer, at: number, name: Buffer): boolean {
  for (let i = name.length - 1; i >= 0; i -= 1) if (bytes[at + i] !== name[i]) return false;
  return true;
}

const MAX_DIGITS = 16;

/** A whole number of at most 16 digits in text; -1 when it is none. */
function numberIn(bytes: Buffer, start: number, end: number): number {
  if (start < 0 || start === end || end - start > MAX_DIGITS) return -1;
  let number = 0;
  for (let at = start; at < end; at += 1) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return Number.isSafeInteger(number) ? number : -1;
}

function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash ^ (hash >>> 16);
}

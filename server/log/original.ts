// What a dead letter keeps of its order, read where it lies: key, value, and the headers that are not ours.
import type { RecordCursor } from '../record-batch/reader.ts';
import type { RecordContent, RecordHeader } from '../record-batch/record.ts';
import { type RecordParts, varint, varintEnd } from '../record-batch/record-parts.ts';
import { isForeign } from './dead-letter.ts';

/** An order before it failed, without its time. */
export type Original = Pick<RecordContent, 'key' | 'value' | 'headers'>;

const OWN = Buffer.from('orders.errors.');

/** That of the dead letter under a cursor, in memory of its own. */
export function originalUnder(cursor: RecordCursor): Original {
  const { bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
  return {
    key: copyOf(bytes, keyStart, keyEnd),
    value: copyOf(bytes, valueStart, valueEnd),
    headers: foreignHeaders(bytes, cursor),
  };
}

/** For headers of ours, which are many, nothing is made. */
function foreignHeaders(
  bytes: Buffer,
  { headerCount, headersStart }: Pick<RecordParts, 'headerCount' | 'headersStart'>,
): RecordHeader[] {
  const foreign: RecordHeader[] = [];
  let at = headersStart;
  for (let left = headerCount; left > 0; left -= 1) {
    const length = varint(bytes, at);
    const name = varintEnd;
    const size = varint(bytes, name + length);
    const value = varintEnd;
    at = value + Math.max(size, 0);
    if (length > OWN.length && isOwn(bytes, name)) continue;
    const key = Buffer.from(bytes.subarray(name, name + length));
    const header = { key, value: copyOf(bytes, size < 0 ? -1 : value, at) };
    if (isForeign(header)) foreign.push(header);
  }
  return foreign;
}

function isOwn(bytes: Buffer, name: number): boolean {
  for (let i = 0; i < OWN.length; i += 1) if (bytes[name + i] !== OWN[i]) return false;
  return true;
}

function copyOf(bytes: Buffer, start: number, end: number): Buffer | null {
  return start < 0 ? null : Buffer.from(bytes.subarray(start, end));
}

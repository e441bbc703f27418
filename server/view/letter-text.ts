// Whether a dead letter contains a text, in its value or its reason, whatever the case.
import type { RecordCursor } from '../record-batch/reader.ts';
import { lastHeaders } from '../record-batch/record-parts.ts';

const REASON = [Buffer.from('errorReason')];
const ASCII = /^[\x20-\x7e]*$/;

/** Tests bytes for a text. Pure: whoever looks for it comes to the same letters. */
export function createTextTest(text: string): (bytes: Buffer) => boolean {
  const wanted = text.toLowerCase();
  // In UTF-8 an ASCII byte is always a character of its own, so an ASCII text can be sought in the bytes.
  const encoding = ASCII.test(wanted) ? 'latin1' : 'utf8';
  return (bytes) => bytes.toString(encoding).toLowerCase().includes(wanted);
}

/** The same for the letter under a cursor. */
export function createLetterTest(text: string): (cursor: RecordCursor) => boolean {
  const test = createTextTest(text);
  return (cursor) => {
    const { bytes, valueStart, valueEnd } = cursor;
    if (valueStart >= 0 && test(bytes.subarray(valueStart, valueEnd))) return true;
    const reason = lastHeaders(bytes, cursor, REASON)[0]?.value ?? null;
    return reason !== null && test(reason);
  };
}

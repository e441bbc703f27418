// Texts and times from outside, made to fit: never longer than asked for, never a date that is none.

const ELLIPSIS = '…';

/** The last text that fitted, and its bytes: a handler fails many times in the same words. */
let fitted = '';
let fittedBytes = 0;

/**
 * At most `maxBytes` (4 or more) of UTF-8, cut between two characters; an ellipsis says that something
 * is missing. The result shares no memory with what it was cut from: a slice of a string keeps all of
 * it alive.
 */
export function clip(text: string | Buffer, maxBytes: number): string {
  if (text === fitted && fittedBytes <= maxBytes) return fitted;
  const bytes = typeof text === 'string' ? Buffer.from(text.slice(0, maxBytes + 1)) : text;
  if (bytes.length <= maxBytes) {
    fitted = bytes.toString('utf8');
    fittedBytes = Buffer.byteLength(fitted);
    return fitted;
  }
  let end = maxBytes - Buffer.byteLength(ELLIPSIS);
  for (let back = 0; back < 3 && isInsideCharacter(bytes[end]!); back += 1) end -= 1;
  return `${bytes.toString('utf8', 0, end)}${ELLIPSIS}`;
}

function isInsideCharacter(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

const LAST_OF_9999 = 253_402_300_799_999;

/**
 * ISO 8601 with a year of four digits, for any number: what lies before 1970 or after 9999 is shown as
 * the nearest instant between, and what is no number as 1970. Kafka takes any 64 bits for a timestamp.
 */
export function isoTime(ms: number): string {
  return new Date(Math.min(Math.max(0, ms) || 0, LAST_OF_9999)).toISOString();
}

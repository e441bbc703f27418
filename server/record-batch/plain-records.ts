// The quick look at the records of a batch as nearly all producers write them.
import type { Stretch } from './odd-records.ts';

/** The greatest length in two bytes, as the varint says it: twice its value. */
const twoBytes = 0x3fff;

/**
 * Whether the records stand one after the other at the offsets 0, 1, 2 … of the batch, up to `last` at most, all of
 * them short and without headers. Then `readParts` finds nothing wrong with them; when not, this says nothing.
 */
export function arePlain(bytes: Buffer, { start, end, count }: Stretch, last: number): boolean {
  if (count < 1 || count - 1 > last || count > twoBytes >> 1) return false;
  let at = start;
  for (let i = 0; i < count; i++) {
    let n = bytes[at++]!;
    if (n >= 0x80) n = (n & 0x7f) | (bytes[at++]! << 7);
    const recordEnd = at + (n >> 1);
    if (n > twoBytes || (n & 1) === 1 || recordEnd > end) return false;
    // Attributes, and a timestamp of at most five bytes.
    const timestampEnd = at + 6;
    at++;
    while (bytes[at++]! >= 0x80) if (at === timestampEnd) return false;
    n = bytes[at++]!;
    if (n >= 0x80) n = (n & 0x7f) | (bytes[at++]! << 7);
    if (n !== 2 * i) return false;
    n = bytes[at++]!;
    if (n >= 0x80) return false;
    if (n !== 1) at += n >> 1;
    if ((n & 1) === 1 && n !== 1) return false;
    n = bytes[at++]!;
    if (n >= 0x80) n = (n & 0x7f) | (bytes[at++]! << 7);
    if (n > twoBytes || (n & 1) === 1) return false;
    at += n >> 1;
    if (bytes[at++] !== 0 || at !== recordEnd) return false;
  }
  return at === end;
}

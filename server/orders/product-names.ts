// The names of products as they stand in orders: few stand in many, so each is made a text once, and
// found again by its bytes.

/** A name that is plain (see plain-order.ts): the same bytes give the same one as long as they are kept. */
export type ProductName = {
  readonly text: string;
  /** Below NAMES_KEPT, and no other name has it now: whoever keeps something for a name has a place for it. */
  readonly number: number;
  readonly length: number;
  /** Its first eight bytes, four in each. */
  readonly first: number;
  readonly second: number;
};

/** With room for a hundred thousand: to make a name anew costs as much as all the rest of some orders. */
export const NAMES_KEPT = 2 ** 18;

/** By a hash of their bytes, each in one of two places: whoever shares both with two others is made anew again. */
const slots: (ProductName | undefined)[] = new Array(NAMES_KEPT).fill(undefined);
let count = 0;

/**
 * Four bytes at `at` as one number, which so can be compared and kept without a text. Not beyond the end
 * of `bytes`.
 */
export function wordAt(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** The first `length` bytes of a word, 0 to 4. */
export function firstBytes(word: number, length: number): number {
  return length >= 4 ? word : word & ((1 << (8 * length)) - 1);
}

/** So many bytes stand in two words. */
export const SHORT = 8;
const SPACE = 0x20;
const TILDE = 0x7e;
/** Printable, in place of what is missing of a word. */
const FILLING = 0x20202020;

/** Whether a text is printable ASCII, and not empty or blank first. */
export function isPlainText(bytes: Buffer, from: number, to: number): boolean {
  if (to <= from || bytes[from] === SPACE) return false;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at]!;
    if (byte < SPACE || byte > TILDE) return false;
  }
  return true;
}

/** The same of a text of `length` bytes, 1 to 8, in two words. */
export function isPlainShort(first: number, second: number, length: number): boolean {
  if ((first & 255) === SPACE) return false;
  const restOfFirst = FILLING & ~firstBytes(-1, length);
  const restOfSecond = FILLING & ~firstBytes(-1, length > 4 ? length - 4 : 0);
  return isPrintable(first | restOfFirst) && isPrintable(second | restOfSecond);
}

/** Whether each of the four bytes is from 0x20 to 0x7e: no carry leaves one that is. */
function isPrintable(word: number): boolean {
  return ((word | (word - 0x20202020) | (word + 0x01010101)) & 0x80808080) === 0;
}

/** The name in `bytes[from, to)`; null when it is not plain, or stands at the very end of `bytes`. */
export function productName(bytes: Buffer, from: number, to: number): ProductName | null {
  const length = to - from;
  if (from + SHORT > bytes.length) return null;
  const first = firstBytes(wordAt(bytes, from), length);
  const second = length > 4 ? firstBytes(wordAt(bytes, from + 4), length - 4) : 0;
  let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second ^ length, 0x85ebca6b);
  for (let at = from + SHORT; at < to; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  const slot = (hash ^ (hash >>> 16)) & (NAMES_KEPT - 1);
  const known = slots[slot];
  if (known !== undefined && isSame(known, first, second, bytes, from, length)) return known;
  const other = slots[slot ^ 1];
  if (other !== undefined && isSame(other, first, second, bytes, from, length)) return other;
  if (!isPlainText(bytes, from, to)) return null;
  const place = known === undefined || other !== undefined ? slot : slot ^ 1;
  const number = slots[place]?.number ?? count++;
  const name = { text: bytes.toString('latin1', from, to), number, length, first, second };
  slots[place] = name;
  return name;
}

function isSame(
  name: ProductName,
  first: number,
  second: number,
  bytes: Buffer,
  from: number,
  length: number,
): boolean {
  if (name.first !== first || name.second !== second || name.length !== length) return false;
  return length <= SHORT || isSameRest(name.text, bytes, from);
}

function isSameRest(text: string, bytes: Buffer, from: number): boolean {
  for (let i = SHORT; i < text.length; i += 1) {
    if (text.charCodeAt(i) !== bytes[from + i]) return false;
  }
  return true;
}

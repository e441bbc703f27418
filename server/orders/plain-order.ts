// The quick way through nearly every order: texts of printable ASCII with one-byte lengths, a price in
// range. Such bytes are canonical and valid by construction; whatever is not plain takes the long way.
// The fields are read in the order of avro/versions/1.avsc, the last one up to the end.
import { MAX_PRICE, type Order } from './order.ts';

/** Lengths below 64 take one byte, twice their value. */
const MAX_LENGTH_BYTE = 126;
const SPACE = 0x20;
const TILDE = 0x7e;
const PRICE_BYTES = 4;

/**
 * Product names seen lately, by a hash of their bytes: few names stand in many orders. With room for ten
 * thousand and more, because to make a name anew costs half as much as all the rest of an order.
 */
const names: string[] = new Array(65_536).fill('');

const floatBytes = new Uint8Array(4);
const float = new DataView(floatBytes.buffer);

/** The order in `bytes[start, end)`, or null when it is not plain. */
export function decodePlainOrder(bytes: Buffer, start: number, end: number): Order | null {
  const idStart = start + 1;
  const idEnd = plainEnd(bytes, start, end);
  if (idEnd < 0) return null;
  const nameEnd = end - PRICE_BYTES;
  const product = plainName(bytes, idEnd, nameEnd);
  if (product === null) return null;
  for (let i = 0; i < PRICE_BYTES; i += 1) floatBytes[i] = bytes[nameEnd + i]!;
  const price = float.getFloat32(0, true);
  if (!(price >= 0 && price <= MAX_PRICE)) return null;
  return {
    orderId: textOf(bytes, idStart, idEnd),
    product,
    price,
  };
}

/** Where the text whose length stands at `at` ends; -1 when it is not plain: empty, blank first, long, cut, not ASCII. */
function plainEnd(bytes: Buffer, at: number, limit: number): number {
  const lengthByte = at < limit ? bytes[at]! : 0;
  if (lengthByte === 0 || lengthByte > MAX_LENGTH_BYTE || (lengthByte & 1) === 1) return -1;
  const from = at + 1;
  const to = from + (lengthByte >> 1);
  if (to > limit || bytes[from]! <= SPACE) return -1;
  for (let i = from; i < to; i += 1) {
    const byte = bytes[i]!;
    if (byte < SPACE || byte > TILDE) return -1;
  }
  return to;
}

/**
 * The ASCII text in `bytes[from, to)`. For a short one the way through Node's own decoder would cost as
 * much as the rest of an order: eight characters are taken, and what is too much is cut off again.
 */
function textOf(bytes: Buffer, from: number, to: number): string {
  if (to - from > 8) return bytes.toString('latin1', from, to);
  const eight = String.fromCharCode(
    bytes[from]!,
    bytes[from + 1]!,
    bytes[from + 2]!,
    bytes[from + 3]!,
    bytes[from + 4]!,
    bytes[from + 5]!,
    bytes[from + 6]!,
    bytes[from + 7]!,
  );
  return eight.slice(0, to - from);
}

/** The text whose length stands at `at` and that ends at `to`; null when it is not plain, or ends elsewhere. */
function plainName(bytes: Buffer, at: number, to: number): string | null {
  const from = at + 1;
  if (bytes[at] !== 2 * (to - from)) return null;
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i += 1) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  const slot = (hash ^ (hash >>> 16)) & (names.length - 1);
  const known = names[slot]!;
  // Whatever is known was plain when it came first.
  if (to > from && isSame(known, bytes, from, to)) return known;
  if (plainEnd(bytes, at, to) < 0) return null;
  const name = bytes.toString('latin1', from, to);
  names[slot] = name;
  return name;
}

function isSame(text: string, bytes: Buffer, from: number, to: number): boolean {
  if (text.length !== to - from) return false;
  for (let i = 0; i < text.length; i += 1) {
    if (text.charCodeAt(i) !== bytes[from + i]) return false;
  }
  return true;
}

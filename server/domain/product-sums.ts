// The products of a checkpoint as Avro writes an array of ProductSum (avro/checkpoint.avsc). By hand,
// because there may be a hundred thousand of them ten times a second; a test holds it against avsc.
import type { Averages } from './averages.ts';

/** Three longs below 2^56 take at most 8 bytes each, the length of a name 2. */
const BYTES_BESIDE_NAME = 26;
const MAX_BYTES_PER_CHAR = 3;

/** Avro binary of the array: one block and the end. */
export function encodeProducts(averages: Averages): Buffer {
  let room = 16;
  for (const product of averages.keys()) {
    room += product.length * MAX_BYTES_PER_CHAR + BYTES_BESIDE_NAME;
  }
  const bytes = Buffer.allocUnsafe(room);
  let at = averages.size === 0 ? 0 : writeLong(bytes, 0, averages.size);
  for (const [product, { count, low, carry }] of averages) {
    at = writeString(bytes, at, product);
    at = writeLong(bytes, at, count);
    at = writeLong(bytes, at, low);
    at = writeLong(bytes, at, carry);
  }
  bytes[at] = 0;
  return bytes.subarray(0, at + 1);
}

/** Writes a whole number from 0 to 2^52; the position after it. */
function writeLong(bytes: Buffer, start: number, value: number): number {
  let rest = value * 2;
  let at = start;
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at++] = rest;
  return at;
}

function writeString(bytes: Buffer, start: number, text: string): number {
  let at = writeLong(bytes, start, text.length);
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return writeWideString(bytes, start, text);
    bytes[at++] = code;
  }
  return at;
}

function writeWideString(bytes: Buffer, start: number, text: string): number {
  const at = writeLong(bytes, start, Buffer.byteLength(text));
  return at + bytes.write(text, at, 'utf8');
}

/** Reads what `encodeProducts` wrote, from `start` to the end of `bytes`. Throws RangeError when it is not that. */
export function decodeProducts(bytes: Buffer, start: number): Averages {
  const averages: Averages = new Map();
  let at = start;
  const long = (): number => {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('the products end too early');
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value / 2;
      unit *= 0x80;
    }
  };
  for (let left = long(); left > 0; left -= 1) {
    const length = long();
    const product = bytes.toString('utf8', at, at + length);
    at += length;
    averages.set(product, { count: long(), low: long(), carry: long() });
  }
  if (averages.size > 0) long();
  if (at !== bytes.length) throw new RangeError(`${bytes.length - at} bytes after the products`);
  return averages;
}

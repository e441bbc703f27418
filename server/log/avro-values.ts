// Avro binary, read and written by hand. A length is checked against the bytes that are there before
// anything is allocated for it.

export type AvroReader = {
  /** Where the next value begins. */
  readonly at: number;
  /** A long within 2^53. */
  long(): number;
  text(): string;
  /** As a view. */
  bytes(): Buffer;
  /** Calls `read` for each item of an array, which each have one byte at least. */
  items(read: () => void): void;
};

/** Reads from `start` on; everything throws RangeError when the bytes are not what is asked for. */
export function createAvroReader(bytes: Buffer, start: number): AvroReader {
  let at = start;

  function long(): number {
    let zigzag = 0;
    let unit = 1;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at];
      if (byte === undefined || shift > 49) throw new RangeError('a number without an end');
      at += 1;
      zigzag += (byte & 0x7f) * unit;
      if (byte < 0x80) break;
      unit *= 0x80;
    }
    if (!Number.isSafeInteger(zigzag)) throw new RangeError('a number beyond 2^52');
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }

  function length(): number {
    const length = long();
    if (length < 0 || length > bytes.length - at) throw new RangeError(`a length of ${length}`);
    return length;
  }

  return {
    get at() {
      return at;
    },
    long,
    text() {
      const size = length();
      at += size;
      return bytes.toString('utf8', at - size, at);
    },
    bytes() {
      const size = length();
      at += size;
      return bytes.subarray(at - size, at);
    },
    items(read) {
      for (let left = length(); left > 0; left = length()) for (; left > 0; left -= 1) read();
    },
  };
}

/** Bytes that a long from 0 to 2^52 takes at most. */
export const MAX_LONG_BYTES = 8;

/** From here on a number does not fit into the integers of the bit operators. */
const MAX_BITS = 2 ** 31;

/** Writes a whole number from 0 to 2^52; the position after it. Throws RangeError for any other. */
export function writeLong(bytes: Buffer, start: number, value: number): number {
  if (!(value >= 0 && value < 2 ** 52)) throw new RangeError(`${value} cannot be written`);
  let rest = value * 2;
  let at = start;
  for (; rest >= MAX_BITS; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
  // Nearly all numbers are so small that they need no division, which is a lot for a hundred thousand.
  let bits = rest | 0;
  for (; bits >= 0x80; bits >>>= 7) bytes[at++] = (bits & 0x7f) | 0x80;
  bytes[at++] = bits;
  return at;
}

/** The most bytes that any long takes in Avro. */
const LONGEST = 10;

/** Where the long that `readLong` read last has ended: its second result, for which it allocates no object. */
export let longEnd = 0;

/** A number from 0 to 2^53; what is beyond that was not written by us. */
export function readLong(bytes: Buffer, start: number): number {
  let value = 0;
  let unit = 1;
  if (bytes[start]! & 1) throw new RangeError('a number below zero');
  for (let at = start; ; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) throw new RangeError('the bytes end inside a number');
    value += (byte & 0x7f) * unit;
    if (byte < 0x80) {
      longEnd = at + 1;
      if (value / 2 > Number.MAX_SAFE_INTEGER) throw new RangeError('a number beyond 2^53');
      return value / 2;
    }
    if (at - start === LONGEST - 1) throw new RangeError('a number that does not end');
    unit *= 0x80;
  }
}

/** The position after the array at `start` whose items are so many integers each. */
export function skipIntegers(bytes: Buffer, start: number, perItem: number): number {
  let at = start;
  for (;;) {
    const items = readLong(bytes, at);
    at = longEnd;
    if (items === 0) return at;
    for (let left = items * perItem; left > 0; at += 1) {
      const byte = bytes[at];
      if (byte === undefined) throw new RangeError('the integers end too early');
      if (byte < 0x80) left -= 1;
    }
  }
}

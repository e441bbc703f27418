// Numbers, and the lengths and counts that stand before what they count. In a flexible version (KIP-482)
// these are varints that count from 1.
import type { Reader, Writer } from './wire.ts';

export type Field<T> = {
  /** What a version without this field reads. */
  readonly absent: T;
  read(reader: Reader, version: number): T;
  write(writer: Writer, value: T, version: number): void;
};

const fixed = (
  size: number,
  get: (bytes: Buffer, at: number) => number,
  put: (bytes: Buffer, at: number, value: number) => void,
): Field<number> => ({
  absent: 0,
  read(reader) {
    const at = reader.take(size);
    return at < 0 ? 0 : get(reader.bytes, at);
  },
  write(writer, value) {
    const { block, at } = writer.room(size);
    put(block, at, value);
  },
});

export const int8 = fixed(
  1,
  (b, at) => b.readInt8(at),
  (b, at, n) => b.writeInt8(n, at),
);
export const int16 = fixed(
  2,
  (b, at) => b.readInt16BE(at),
  (b, at, n) => b.writeInt16BE(n, at),
);
export const int32 = fixed(
  4,
  (b, at) => b.readInt32BE(at),
  (b, at, n) => b.writeInt32BE(n, at),
);
/** Rounded beyond 2^53: such an offset is outside any log here, and refused for that. */
export const int64 = fixed(
  8,
  (b, at) => Number(b.readBigInt64BE(at)),
  (b, at, n) => b.writeBigInt64BE(BigInt(n), at),
);

export const boolean: Field<boolean> = {
  absent: false,
  read: (reader) => int8.read(reader, 0) !== 0,
  write: (writer, value) => int8.write(writer, value ? 1 : 0, 0),
};

export function readVarint(reader: Reader): number {
  for (let value = 0, unit = 1; unit < 2 ** 35; unit *= 128) {
    const byte = int8.read(reader, 0);
    value += (byte & 0x7f) * unit;
    if (byte >= 0) return value;
  }
  reader.fail();
  return 0;
}

export function writeVarint(writer: Writer, value: number): void {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) int8.write(writer, (rest % 128) - 128, 0);
  int8.write(writer, rest, 0);
}

/** A length or a count, -1 for null; `plain` is what it is where nothing is flexible. */
const size = (plain: Field<number>): Field<number> => ({
  absent: -1,
  read: (reader) => (reader.flexible ? readVarint(reader) - 1 : plain.read(reader, 0)),
  write(writer, value) {
    if (writer.flexible) writeVarint(writer, value + 1);
    else plain.write(writer, value, 0);
  },
});
export const shortSize = size(int16);
export const longSize = size(int32);

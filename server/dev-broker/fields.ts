// Kafka's field types, to write down requests and answers as its protocol guide does.
import { isUtf8 } from 'node:buffer';
import type { Reader, Writer } from './wire.ts';

/** More elements than any honest request has; keeps the work for one frame bounded. */
const MAX_ELEMENTS = 100_000;

export type Field<T> = {
  /** What a version without this field reads. */
  readonly absent: T;
  read(reader: Reader, version: number): T;
  write(writer: Writer, value: T, version: number): void;
};

/** Named fields in the order of the bytes. */
export type Fields<T> = { readonly [K in keyof T]: Field<T[K]> };

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

function readText(reader: Reader, size: number): string {
  const at = reader.take(size);
  if (at < 0) return '';
  // What is not UTF-8 would grow when it is echoed.
  if (!isUtf8(reader.bytes.subarray(at, at + size))) reader.fail();
  return reader.bytes.toString('utf8', at, at + size);
}

export const nullableString: Field<string | null> = {
  absent: null,
  read(reader) {
    const size = int16.read(reader, 0);
    return size === -1 ? null : readText(reader, size);
  },
  write(writer, value) {
    const size = value === null ? -1 : Buffer.byteLength(value);
    int16.write(writer, size, 0);
    if (value === null) return;
    const { block, at } = writer.room(size);
    block.write(value, at);
  },
};

export const string: Field<string> = {
  absent: '',
  read: (reader) => nullableString.read(reader, 0) ?? '',
  write: nullableString.write,
};

/** Bytes that are not copied; null reads as none. */
export const records: Field<Buffer> = {
  absent: Buffer.alloc(0),
  read(reader) {
    const size = int32.read(reader, 0);
    const at = size === -1 ? -1 : reader.take(size);
    return at < 0 ? records.absent : reader.bytes.subarray(at, at + size);
  },
  write(writer, value) {
    int32.write(writer, value.length, 0);
    writer.view(value);
  },
};

/** Bytes of their own, to be kept. */
export const bytes: Field<Buffer> = {
  ...records,
  read: (reader) => Buffer.from(records.read(reader, 0)),
};

export function nullableArray<T>(element: Field<T>): Field<readonly T[] | null> {
  return {
    absent: null,
    read(reader, version) {
      const count = int32.read(reader, 0);
      if (count === -1) return null;
      if (count < 0 || count > Math.min(MAX_ELEMENTS, reader.left())) reader.fail();
      const elements: T[] = [];
      while (elements.length < count && !reader.failed()) {
        elements.push(element.read(reader, version));
      }
      return elements;
    },
    write(writer, elements, version) {
      int32.write(writer, elements?.length ?? -1, 0);
      for (const each of elements ?? []) element.write(writer, each, version);
    },
  };
}

export function array<T>(element: Field<T>): Field<readonly T[]> {
  const { read, write } = nullableArray(element);
  return { absent: [], read: (reader, version) => read(reader, version) ?? [], write };
}

export function struct<T extends object>(fields: Fields<T>): Field<T> {
  const names = Object.keys(fields) as (keyof T)[];
  const values = (of: (name: keyof T) => unknown) =>
    Object.fromEntries(names.map((name) => [name, of(name)])) as T;
  return {
    absent: values((name) => fields[name].absent),
    read: (reader, version) => values((name) => fields[name].read(reader, version)),
    write(writer, value, version) {
      for (const name of names) fields[name].write(writer, value[name], version);
    },
  };
}

export const list = <T extends object>(fields: Fields<T>): Field<readonly T[]> =>
  array(struct(fields));

/** A field that only some versions have. */
export function between<T>(first: number, last: number, field: Field<T>): Field<T> {
  const has = (version: number) => version >= first && version <= last;
  return {
    absent: field.absent,
    read: (reader, version) => (has(version) ? field.read(reader, version) : field.absent),
    write(writer, value, version) {
      if (has(version)) field.write(writer, value, version);
    },
  };
}

/** A field that came with a version. */
export const since = <T>(first: number, field: Field<T>): Field<T> =>
  between(first, Number.POSITIVE_INFINITY, field);

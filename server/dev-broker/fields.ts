// Kafka's field types, to write down requests and answers as its protocol guide does.
import { isUtf8 } from 'node:buffer';
import { type Field, longSize, readVarint, shortSize, writeVarint } from './numbers.ts';
import type { Reader } from './wire.ts';

export { boolean, type Field, int8, int16, int32, int64 } from './numbers.ts';

/** Named fields in the order of the bytes. */
export type Fields<T> = { readonly [K in keyof T]: Field<T[K]> };

/** The tagged fields at the end of a struct: none is known here, so none is kept and none written. */
export const tags: Field<null> = {
  absent: null,
  read(reader) {
    let left = reader.flexible ? readVarint(reader) : 0;
    for (; left > 0 && !reader.failed(); left--) {
      readVarint(reader);
      reader.take(readVarint(reader));
    }
    return null;
  },
  write(writer) {
    if (writer.flexible) writeVarint(writer, 0);
  },
};

/** 16 bytes as 32 hexadecimal digits. */
export const uuid: Field<string> = {
  absent: '0'.repeat(32),
  read(reader) {
    const at = reader.take(16);
    return at < 0 ? uuid.absent : reader.bytes.toString('hex', at, at + 16);
  },
  write(writer, value) {
    const { block, at } = writer.room(16);
    block.write(value, at, 'hex');
  },
};

function readText(reader: Reader, size: number): string {
  const at = reader.take(size);
  if (at < 0) return '';
  // Bytes that are no UTF-8 become three bytes each when they are sent back.
  if (!isUtf8(reader.bytes.subarray(at, at + size))) reader.fail();
  return reader.bytes.toString('utf8', at, at + size);
}

export const nullableString: Field<string | null> = {
  absent: null,
  read(reader) {
    const size = shortSize.read(reader, 0);
    return size === -1 ? null : readText(reader, size);
  },
  write(writer, value) {
    const size = value === null ? -1 : Buffer.byteLength(value);
    shortSize.write(writer, size, 0);
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
    const size = longSize.read(reader, 0);
    const at = size === -1 ? -1 : reader.take(size);
    return at < 0 ? records.absent : reader.bytes.subarray(at, at + size);
  },
  write(writer, value) {
    longSize.write(writer, value.length, 0);
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
      const count = longSize.read(reader, 0);
      if (count === -1) return null;
      reader.expect(count);
      const elements: T[] = [];
      while (elements.length < count && !reader.failed()) {
        elements.push(element.read(reader, version));
      }
      return elements;
    },
    write(writer, elements, version) {
      longSize.write(writer, elements?.length ?? -1, 0);
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
    read(reader, version) {
      const value = values((name) => fields[name].read(reader, version));
      tags.read(reader, version);
      return value;
    },
    write(writer, value, version) {
      for (const name of names) fields[name].write(writer, value[name], version);
      tags.write(writer, null, version);
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

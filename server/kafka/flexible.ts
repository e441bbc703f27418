// The flexible versions of Kafka's requests (KIP-482): lengths as varints of length + 1, and tagged fields,
// of which we know none.
import { type createWireWriter, WireError, type WireReader } from './wire.ts';

/** A length has at most 32 bits. */
const MAX_SHIFT = 28;

function readVarint(reader: WireReader): number {
  let value = 0;
  for (let shift = 0; shift <= MAX_SHIFT; shift += 7) {
    const byte = reader.int8();
    value += (byte & 0x7f) * 2 ** shift;
    if (byte >= 0) return value;
  }
  throw new WireError('a length of more than 32 bits');
}

/** Null is empty. */
export function readCompactString(reader: WireReader): string {
  return reader.raw(Math.max(0, readVarint(reader) - 1)).toString('utf8');
}

/** A null array is empty; the length is believed only as far as there are bytes. */
export function readCompactArray<T>(reader: WireReader, read: () => T): T[] {
  const length = readVarint(reader) - 1;
  if (length > reader.left()) throw new WireError(`an array of ${length}`);
  const items: T[] = [];
  for (let i = 0; i < length; i += 1) items.push(read());
  return items;
}

/** Reads past tagged fields. */
export function readTags(reader: WireReader): void {
  for (let left = readVarint(reader); left > 0; left -= 1) {
    readVarint(reader);
    reader.raw(readVarint(reader));
  }
}

/** Writes in the flexible form. */
export function writeCompact(writer: ReturnType<typeof createWireWriter>) {
  const varint = (value: number) => {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) writer.int8(((rest & 0x7f) | 0x80) - 0x100);
    writer.int8(rest);
  };
  return {
    string(value: string) {
      const text = Buffer.from(value);
      varint(text.length + 1);
      writer.raw(text);
    },
    array<T>(items: readonly T[], write: (item: T) => void) {
      varint(items.length + 1);
      items.forEach(write);
    },
    noTags: () => writer.int8(0),
  };
}

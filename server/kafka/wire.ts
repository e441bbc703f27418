// Kafka's primitive types on the wire, big-endian: https://kafka.apache.org/protocol#protocol_types
import { AppError } from '../errors.ts';

/** An answer that does not hold together: the connection cannot be trusted. */
export class WireError extends AppError {
  constructor(message: string) {
    super('WIRE', message, true);
  }
}

/** Collects a request body. */
export function createWireWriter() {
  const parts: Buffer[] = [];
  const number = (size: number, write: (part: Buffer) => void) => {
    const part = Buffer.allocUnsafe(size);
    write(part);
    parts.push(part);
  };
  const writer = {
    int8: (value: number) => number(1, (part) => part.writeInt8(value)),
    int16: (value: number) => number(2, (part) => part.writeInt16BE(value)),
    int32: (value: number) => number(4, (part) => part.writeInt32BE(value)),
    int64: (value: number) => number(8, (part) => part.writeBigInt64BE(BigInt(value))),
    string(value: string | null) {
      const text = Buffer.from(value ?? '');
      writer.int16(value === null ? -1 : text.length);
      parts.push(text);
    },
    bytes(value: Buffer) {
      writer.int32(value.length);
      parts.push(value);
    },
    /** As they are, without their length. */
    raw: (value: Buffer) => void parts.push(value),
    array<T>(items: readonly T[], write: (item: T) => void) {
      writer.int32(items.length);
      items.forEach(write);
    },
    finish: () => Buffer.concat(parts),
  };
  return writer;
}

/** Reads an answer from its first byte on; every read throws WireError beyond the end. */
export function createWireReader(bytes: Buffer) {
  let at = 0;
  const take = (size: number): number => {
    if (size < 0 || at + size > bytes.length) {
      throw new WireError(`${size} bytes at ${at} of an answer of ${bytes.length}`);
    }
    at += size;
    return at - size;
  };
  const reader = {
    int8: () => bytes.readInt8(take(1)),
    int16: () => bytes.readInt16BE(take(2)),
    int32: () => bytes.readInt32BE(take(4)),
    /** As a number; beyond 2^53 it is refused, not rounded. */
    int64(): number {
      const start = take(8);
      const value = bytes.readInt32BE(start) * 2 ** 32 + bytes.readUInt32BE(start + 4);
      if (!Number.isSafeInteger(value)) throw new WireError(`offset ${value} is beyond 2^53`);
      return value;
    },
    string(): string {
      const length = reader.int16();
      const start = take(Math.max(0, length));
      return bytes.toString('utf8', start, at);
    },
    /** A view; null bytes are empty. */
    bytes(): Buffer {
      const length = reader.int32();
      const start = take(Math.max(0, length));
      return bytes.subarray(start, at);
    },
    /** A view of the next `size` bytes. */
    raw(size: number): Buffer {
      const start = take(size);
      return bytes.subarray(start, at);
    },
    /** How many bytes are not read yet. */
    left: () => bytes.length - at,
    /** A null array is empty; the length is believed only as far as there are bytes. */
    array<T>(read: () => T): T[] {
      const length = reader.int32();
      if (length > bytes.length - at) throw new WireError(`an array of ${length} at ${at}`);
      const items: T[] = [];
      for (let i = 0; i < length; i += 1) items.push(read());
      return items;
    },
  };
  return reader;
}

export type WireReader = ReturnType<typeof createWireReader>;

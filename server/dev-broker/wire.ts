// Kafka's primitive types as bytes. The reader never throws: after the first field that is not
// there it has failed, and gives zeros and empty arrays, so that a decoder needs no checks of its own.
import { isUtf8 } from 'node:buffer';

/** More elements than any honest request has; keeps the work for one frame bounded. */
const MAX_ELEMENTS = 100_000;

export type Reader = ReturnType<typeof createReader>;
export type Writer = ReturnType<typeof createWriter>;

/** Reads one frame from its first byte on; `failed()` tells whether all that was asked for was there. */
export function createReader(bytes: Buffer) {
  let position = 0;
  let failed = false;

  /** The start of the next `size` bytes, or -1; a size is only believed when its bytes are there. */
  function take(size: number): number {
    if (failed || size < 0 || size > bytes.length - position) {
      failed = true;
      return -1;
    }
    position += size;
    return position - size;
  }

  function text(size: number): string {
    const start = take(size);
    if (start < 0) return '';
    // What is not UTF-8 would grow when it is echoed.
    if (!isUtf8(bytes.subarray(start, start + size))) failed = true;
    return bytes.toString('utf8', start, start + size);
  }

  const int8 = () => {
    const at = take(1);
    return at < 0 ? 0 : bytes.readInt8(at);
  };
  const int16 = () => {
    const at = take(2);
    return at < 0 ? 0 : bytes.readInt16BE(at);
  };
  const int32 = () => {
    const at = take(4);
    return at < 0 ? 0 : bytes.readInt32BE(at);
  };
  /** Beyond 2^53 the number is rounded: such an offset is outside any log here and is refused there. */
  const int64 = () => {
    const at = take(8);
    return at < 0 ? 0 : Number(bytes.readBigInt64BE(at));
  };
  const uvarint = () => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const at = take(1);
      if (at < 0) return 0;
      const byte = bytes[at]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    failed = true;
    return 0;
  };
  const nullableString = () => {
    const size = int16();
    return size === -1 ? null : text(size);
  };
  const nullableBytes = () => {
    const size = int32();
    if (size === -1) return null;
    const start = take(size);
    return start < 0 ? null : bytes.subarray(start, start + size);
  };
  const nullableArray = <T>(element: () => T): T[] | null => {
    const count = int32();
    if (count === -1) return null;
    if (count < 0 || count > Math.min(MAX_ELEMENTS, bytes.length - position)) failed = true;
    const elements: T[] = [];
    for (let i = 0; i < count && !failed; i++) elements.push(element());
    return elements;
  };

  return {
    failed: () => failed,
    int8,
    int16,
    int32,
    int64,
    boolean: () => int8() !== 0,
    nullableString,
    string: () => nullableString() ?? '',
    /** A view into the frame, not a copy. */
    nullableBytes,
    bytes: () => nullableBytes() ?? Buffer.alloc(0),
    nullableArray,
    array: <T>(element: () => T): T[] => nullableArray(element) ?? [],
    /** A string of the flexible versions (KIP-482). */
    compactString: () => text(Math.max(uvarint() - 1, 0)),
    /** Passes over the tagged fields of the flexible versions. */
    tags() {
      for (let count = uvarint(); count > 0 && !failed; count--) {
        uvarint();
        take(uvarint());
      }
    },
  };
}

/** Writes one response; `views` are sent as they are, without a copy. */
export function createWriter() {
  const parts: Buffer[] = [];
  let total = 0;
  let block = Buffer.allocUnsafe(256);
  let sealed = 0;
  // Room for the size and the correlation id, which are known at the end.
  let used = 8;

  function room(size: number): number {
    if (used + size > block.length) {
      seal();
      block = Buffer.allocUnsafe(Math.max(2 * block.length, size));
      used = 0;
      sealed = 0;
    }
    used += size;
    return used - size;
  }

  function seal(): void {
    if (used === sealed) return;
    parts.push(block.subarray(sealed, used));
    total += used - sealed;
    sealed = used;
  }

  const int8 = (value: number) => void block.writeInt8(value, room(1));
  const int16 = (value: number) => void block.writeInt16BE(value, room(2));
  const int32 = (value: number) => void block.writeInt32BE(value, room(4));
  const nullableString = (value: string | null) => {
    if (value === null) return int16(-1);
    const size = Buffer.byteLength(value);
    int16(size);
    block.write(value, room(size));
  };

  return {
    int8,
    int16,
    int32,
    int64: (value: number) => void block.writeBigInt64BE(BigInt(value), room(8)),
    boolean: (value: boolean) => int8(value ? 1 : 0),
    string: (value: string) => nullableString(value),
    nullableString,
    bytes(value: Buffer) {
      int32(value.length);
      value.copy(block, room(value.length));
    },
    view(value: Buffer) {
      int32(value.length);
      if (value.length === 0) return;
      seal();
      parts.push(value);
      total += value.length;
    },
    array<T>(elements: readonly T[], element: (value: T) => void) {
      int32(elements.length);
      for (const value of elements) element(value);
    },
    /** The length of an array of the flexible versions, at most 126 elements. */
    compactLength: (count: number) => int8(count + 1),
    noTags: () => int8(0),
    /** The whole frame, to be written in order. */
    finish(correlationId: number): Buffer[] {
      seal();
      const head = parts[0]!;
      head.writeInt32BE(total - 4, 0);
      head.writeInt32BE(correlationId, 4);
      return parts;
    },
  };
}

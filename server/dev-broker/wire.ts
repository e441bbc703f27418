// The bytes of one request and of one answer. The reader never throws: after the first field that is
// not there it has failed and gives nothing more, so that no decoder needs checks of its own.

/** More elements than any honest request has in all its arrays: the work for one frame is bounded. */
const MAX_ELEMENTS = 100_000;

/** Larger than any honest answer; librdkafka takes 100,000,000 bytes. */
const MAX_ANSWER_BYTES = 100 * 1024 * 1024;

export type Reader = ReturnType<typeof createReader>;
export type Writer = ReturnType<typeof createWriter>;

/** Reads a frame from its first byte on. */
export function createReader(bytes: Buffer) {
  let position = 0;
  let failed = false;
  let elements = 0;
  return {
    bytes,
    /** Whether what follows is in a flexible version. */
    flexible: false,
    /** Fails when so many elements cannot follow, for each takes a byte at least. */
    expect(count: number): void {
      elements += count;
      if (count < 0 || count > bytes.length - position || elements > MAX_ELEMENTS) failed = true;
    },
    failed: () => failed,
    fail(): void {
      failed = true;
    },
    /** Where the next `size` bytes are; -1 when they are not. */
    take(size: number): number {
      if (failed || size < 0 || size > bytes.length - position) {
        failed = true;
        return -1;
      }
      position += size;
      return position - size;
    },
  };
}

/** Writes a frame; its first eight bytes, the size and the correlation id, come last. */
export function createWriter() {
  const parts: Buffer[] = [];
  let block = Buffer.allocUnsafe(256);
  let sealed = 0;
  let used = 8;
  let total = 0;

  function seal(): void {
    if (used > sealed) parts.push(block.subarray(sealed, used));
    sealed = used;
  }

  return {
    /** Whether what follows is in a flexible version. */
    flexible: false,
    /** Room for the next `size` bytes: the block, and where in it. */
    room(size: number): { block: Buffer; at: number } {
      total += size;
      // A block that is thrown away: an answer that is too large is not sent.
      if (total > MAX_ANSWER_BYTES) return { block: Buffer.alloc(size), at: 0 };
      if (used + size > block.length) {
        seal();
        block = Buffer.allocUnsafe(Math.max(2 * block.length, size));
        [used, sealed] = [0, 0];
      }
      used += size;
      return { block, at: used - size };
    },
    /** Sends these bytes as they are, without a copy. */
    view(bytes: Buffer): void {
      seal();
      total += bytes.length;
      if (bytes.length > 0) parts.push(bytes);
    },
    /** Whether it has become larger than any client takes. */
    overflown: () => total > MAX_ANSWER_BYTES,
    /** The whole frame, in parts to be sent in order. */
    finish(correlationId: number): Buffer[] {
      seal();
      const size = parts.reduce((sum, part) => sum + part.length, 0);
      parts[0]!.writeInt32BE(size - 4, 0);
      parts[0]!.writeInt32BE(correlationId, 4);
      return parts;
    },
  };
}

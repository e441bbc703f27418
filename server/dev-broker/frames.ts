// Cuts what arrives on a connection into frames.

export const MAX_FRAME_BYTES = 16 * 1024 * 1024;
/** A request header without a client id. */
const MIN_FRAME_BYTES = 8;

/**
 * Holds what has arrived, and nothing for what has only been announced. `next` gives the next whole
 * frame, null while there is none, 'invalid' when what follows cannot be a frame.
 */
export function createFrames() {
  const chunks: Buffer[] = [];
  let buffered = 0;
  let size: number | null = null;

  function take(length: number): Buffer {
    buffered -= length;
    const first = chunks[0]!;
    if (first.length > length) {
      chunks[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    if (first.length === length) return chunks.shift()!;
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      const chunk = chunks.shift()!;
      parts.push(chunk.subarray(0, missing));
      if (chunk.length > missing) chunks.unshift(chunk.subarray(missing));
      missing -= Math.min(chunk.length, missing);
    }
    return Buffer.concat(parts, length);
  }

  return {
    buffered: () => buffered,
    push(chunk: Buffer): void {
      chunks.push(chunk);
      buffered += chunk.length;
    },
    next(): Buffer | null | 'invalid' {
      if (size === null) {
        if (buffered < 4) return null;
        size = take(4).readInt32BE();
      }
      if (size < MIN_FRAME_BYTES || size > MAX_FRAME_BYTES) return 'invalid';
      if (buffered < size) return null;
      const frame = take(size);
      size = null;
      return frame;
    },
  };
}

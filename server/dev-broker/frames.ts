// Cuts what arrives on a connection into frames.

/** Kafka's socket.request.max.bytes. */
export const MAX_FRAME_BYTES = 100 * 1024 * 1024;
/** A request header without a client id. */
const MIN_FRAME_BYTES = 8;

const TINY_BYTES = 1024;
const MAX_TINY = 256;

/** What announces itself as a request of so many bytes, in words; null when that can be. */
function frameFault(size: number): string | null {
  if (size >= MIN_FRAME_BYTES && size <= MAX_FRAME_BYTES) return null;
  if (size >>> 16 === 0x1603) return 'it speaks TLS';
  const letters = String.fromCharCode(size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255);
  if (/^[A-Z]{3}$/.test(letters)) return 'it speaks HTTP';
  return 'a request of a size that cannot be';
}

/**
 * Holds what has arrived, and nothing for what has only been announced. `next` gives the next whole
 * frame, null while there is none, 'invalid' when what follows cannot be a frame.
 */
export function createFrames() {
  const chunks: Buffer[] = [];
  let buffered = 0;
  let size: number | null = null;
  /** How many chunks at the end are small: together they are one, for a buffer has a price too. */
  let tiny = 0;

  function take(length: number): Buffer {
    buffered -= length;
    const parts: Buffer[] = [];
    let used = 0;
    for (let missing = length; missing > 0; ) {
      const chunk = chunks[used]!;
      const part = chunk.subarray(0, missing);
      parts.push(part);
      missing -= part.length;
      if (part.length === chunk.length) used += 1;
      else chunks[used] = chunk.subarray(part.length);
    }
    chunks.splice(0, used);
    tiny = Math.min(tiny, chunks.length);
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts, length);
  }

  return {
    buffered: () => buffered,
    /** Why the next frame is invalid, and how many bytes it says it has. */
    fault: () => ({ reason: frameFault(size ?? 0) ?? '', bytes: size }),
    push(chunk: Buffer): void {
      chunks.push(chunk);
      buffered += chunk.length;
      tiny = chunk.length < TINY_BYTES ? tiny + 1 : 0;
      if (tiny < MAX_TINY) return;
      chunks.push(Buffer.concat(chunks.splice(-tiny)));
      tiny = 0;
    },
    next(): Buffer | null | 'invalid' {
      if (size === null) {
        if (buffered < 4) return null;
        size = take(4).readInt32BE();
      }
      if (frameFault(size) !== null) return 'invalid';
      if (buffered < size) return null;
      const frame = take(size);
      size = null;
      return frame;
    },
  };
}

// Inflates the records of a batch: gzip, snappy, lz4 and zstd, each with a cap on what comes out.
import { promisify } from 'node:util';
import { gunzip, gunzipSync } from 'node:zlib';
import { Codec } from './batch-header.ts';
import { maxInflated } from './growing-buffer.ts';
import { decodeLz4 } from './lz4.ts';
import { Malformed } from './record-parts.ts';
import { inSlices } from './slices.ts';
import { decodeSnappy } from './snappy.ts';
import { decodeZstd } from './zstd.ts';

/** Up to this size a thread costs more than it saves. */
const smallGzip = 256 * 1024;
const gunzipInThread = promisify(gunzip);

async function decodeGzip(input: Buffer): Promise<Buffer> {
  // The last four bytes say how much comes out, of the last member at least.
  if (input.length >= 18 && input.readUInt32LE(input.length - 4) <= smallGzip) {
    try {
      return gunzipSync(input, { maxOutputLength: smallGzip });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    }
  }
  return gunzipInThread(input, { maxOutputLength: maxInflated });
}

/**
 * Inflates `input` to at most 64 MiB without holding the event loop for long.
 * @throws {Malformed} when it is not of that codec or would exceed the cap
 */
export async function inflate(codec: number, input: Buffer): Promise<Buffer> {
  try {
    if (codec === Codec.gzip) return await decodeGzip(input);
    if (codec === Codec.snappy) return await inSlices(decodeSnappy(input));
    if (codec === Codec.lz4) return await inSlices(decodeLz4(input));
    return await inSlices(decodeZstd(input));
  } catch (cause) {
    // zlib and fzstd throw errors of their own, fzstd also a TypeError, for nothing but bad bytes.
    if (cause instanceof Malformed) throw cause;
    throw new Malformed(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

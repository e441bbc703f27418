// Inflates the records of a batch: gzip, snappy, lz4 and zstd, each in steps.
import { setImmediate } from 'node:timers/promises';
import { Codec } from './batch-header.ts';
import type { Output } from './growing-buffer.ts';
import { decodeGzip } from './gzip.ts';
import { decodeLz4 } from './lz4.ts';
import { Malformed } from './record-parts.ts';
import { decodeSnappy } from './snappy.ts';
import { decodeZstd } from './zstd.ts';

async function* steps(work: Generator<void, void>): AsyncGenerator<void> {
  while (!work.next().done) {
    yield;
    await setImmediate();
  }
}

function decode(codec: number, input: Buffer, output: Output): AsyncGenerator<void> {
  if (codec === Codec.gzip) return decodeGzip(input, output);
  if (codec === Codec.snappy) return steps(decodeSnappy(input, output));
  if (codec === Codec.lz4) return steps(decodeLz4(input, output));
  return steps(decodeZstd(input, output));
}

/**
 * Inflates `input` into `output`, without holding the event loop: yields after every few milliseconds
 * of work, when the reader may take what is there. The last of it is there when there is no more step.
 * @throws {Malformed} when it is not of that codec
 */
export async function* inflate(codec: number, input: Buffer, output: Output): AsyncGenerator<void> {
  try {
    yield* decode(codec, input, output);
  } catch (cause) {
    // zlib and fzstd throw errors of their own, fzstd also a TypeError, for nothing but bad bytes.
    if (cause instanceof Malformed) throw cause;
    throw new Malformed(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

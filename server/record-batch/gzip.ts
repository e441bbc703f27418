// Gzip (RFC 1952): member after member, inflated by zlib in a thread. As Java's reader does, what
// follows the last member and is none is passed over; its checksums are covered by the CRC of the batch.
import { createInflateRaw, gunzipSync } from 'node:zlib';
import { type Output, pauseAfter, reserve, written } from './growing-buffer.ts';
import { Malformed } from './record-parts.ts';

/** Up to this size a thread costs more than it saves. */
const smallGzip = 256 * 1024;
const trailer = 8;
const flag = { crc: 2, extra: 4, name: 8, comment: 16 };

/** Where the deflated bytes of the member at `at` begin; -1 when there is no member. */
function memberBody(input: Buffer, at: number): number {
  if (at + 18 > input.length || input.readUInt16BE(at) !== 0x1f8b || input[at + 2] !== 8) return -1;
  const flags = input[at + 3]!;
  let next = at + 10;
  if (flags & flag.extra) next += 2 + input.readUInt16LE(next);
  for (const text of [flag.name, flag.comment]) {
    if ((flags & text) === 0) continue;
    const end = input.indexOf(0, next);
    if (end < 0) return -1;
    next = end + 1;
  }
  if (flags & flag.crc) next += 2;
  return next < input.length ? next : -1;
}

function append(output: Output, chunk: Buffer): void {
  reserve(output, chunk.length);
  chunk.copy(output.bytes, output.at);
  output.at += chunk.length;
}

/** Small and well-formed: at once. The last four bytes say how much comes out, of the last member at least. */
function decodeSmall(input: Buffer, output: Output): boolean {
  if (input.length < 18 || input.readUInt32LE(input.length - 4) > smallGzip) return false;
  try {
    append(output, gunzipSync(input, { maxOutputLength: smallGzip }));
    return true;
  } catch {
    // Whatever it is, the long way says it.
    return false;
  }
}

/** Inflates into `output`; yields after every piece. @throws {Malformed} or an error of zlib's */
export async function* decodeGzip(input: Buffer, output: Output): AsyncGenerator<void> {
  if (decodeSmall(input, output)) return;
  for (let at = 0; at < input.length; ) {
    const body = memberBody(input, at);
    if (body < 0 && at === 0) throw new Malformed('no gzip stream');
    if (body < 0) return;
    const inflater = createInflateRaw({ chunkSize: pauseAfter });
    const before = written(output);
    inflater.end(input.subarray(body));
    for await (const chunk of inflater) {
      append(output, chunk as Buffer);
      yield;
    }
    at = body + inflater.bytesWritten + trailer;
    if (at > input.length) throw new Malformed('a gzip stream without its end');
    const size = (written(output) - before) % 2 ** 32;
    if (input.readUInt32LE(at - 4) !== size) throw new Malformed('a gzip stream of another length');
  }
}

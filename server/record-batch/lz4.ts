// LZ4 frames (lz4_Frame_format.md of lz4/lz4). Checksums are left alone: the CRC of the batch covers them.
import {
  appendLiteral,
  appendMatch,
  type Output,
  pauseAfter,
  reserve,
  written,
} from './growing-buffer.ts';
import { Malformed } from './record-parts.ts';

/** Where the length ended that was read last: the second result of `readLength`, which so needs no object. */
let lengthEnd = 0;

/** A length of 15 goes on in the following bytes, up to and with the first that is not 255. */
function readLength(input: Buffer, at: number, end: number, nibble: number): number {
  let length = nibble;
  let next = at;
  if (nibble === 15) {
    let byte: number;
    do {
      if (next >= end) throw new Malformed('an lz4 block that ends within a length');
      byte = input[next++]!;
      length += byte;
    } while (byte === 255);
  }
  lengthEnd = next;
  return length;
}

/** How far back a match can reach. */
const window = 64 * 1024;

/** Decodes until `pause` is reached in the output or `end` in the input; returns where it stopped. */
function decodeSequences(
  input: Buffer,
  start: number,
  end: number,
  output: Output,
  limit: number,
  pause: number,
): number {
  let at = start;
  while (at < end) {
    const token = input[at++]!;
    const literal = readLength(input, at, end, token >>> 4);
    at = lengthEnd;
    if (at + literal > end) throw new Malformed('an lz4 block that ends within a literal');
    if (written(output) + literal > limit) throw tooLong();
    reserve(output, literal);
    appendLiteral(output, input, at, literal);
    at += literal;
    if (at === end) return at;
    if (at + 2 > end) throw new Malformed('an lz4 block that ends within a distance');
    const distance = input[at]! | (input[at + 1]! << 8);
    const match = readLength(input, at + 2, end, token & 15) + 4;
    at = lengthEnd;
    if (written(output) + match > limit) throw tooLong();
    reserve(output, match);
    appendMatch(output, distance, match);
    if (written(output) >= pause) return at;
  }
  return at;
}

const tooLong = () => new Malformed('an lz4 block longer than its frame allows');

/** Decodes one frame into `output`; yields now and then. @throws {Malformed} */
export function* decodeLz4(input: Buffer, output: Output): Generator<void, void> {
  if (input.length < 7 || input.readUInt32LE(0) !== 0x184d2204) throw new Malformed('no lz4 frame');
  const flags = input[4]!;
  const blockSize = (input[5]! >>> 4) & 7;
  if (flags >>> 6 !== 1 || flags & 1 || blockSize < 4)
    throw new Malformed('an lz4 frame of an unknown kind');
  const maxBlock = 2 ** (8 + 2 * blockSize);
  const blockChecksum = flags & 0x10 ? 4 : 0;
  output.window = window;
  let at = 7 + (flags & 0x08 ? 8 : 0);
  let pause = written(output) + pauseAfter;
  for (;;) {
    if (at + 4 > input.length) throw new Malformed('an lz4 frame without its end');
    const head = input.readUInt32LE(at);
    if (head === 0) return;
    const start = at + 4;
    const end = start + (head & 0x7fffffff);
    if (end + blockChecksum > input.length)
      throw new Malformed('an lz4 block longer than its frame');
    const limit = written(output) + maxBlock;
    if (head & 0x80000000) {
      if (end - start > maxBlock) throw tooLong();
      reserve(output, end - start);
      appendLiteral(output, input, start, end - start);
    } else {
      for (at = start; at < end; ) {
        at = decodeSequences(input, at, end, output, limit, pause);
        if (at === end) break;
        yield;
        pause = written(output) + pauseAfter;
      }
    }
    if (written(output) >= pause) {
      yield;
      pause = written(output) + pauseAfter;
    }
    at = end + blockChecksum;
  }
}

// LZ4 frames (lz4_Frame_format.md of lz4/lz4). Checksums are left alone: the CRC of the batch covers them.
import {
  appendLiteral,
  appendMatch,
  createOutput,
  type Output,
  pauseAfter,
  reserve,
} from './growing-buffer.ts';
import { Malformed } from './record-parts.ts';

/** Where the last length ended: a second result without an object for it. */
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

function decodeBlock(input: Buffer, start: number, end: number, output: Output): void {
  let at = start;
  while (at < end) {
    const token = input[at++]!;
    const literal = readLength(input, at, end, token >>> 4);
    at = lengthEnd;
    if (at + literal > end) throw new Malformed('an lz4 block that ends within a literal');
    reserve(output, literal);
    appendLiteral(output, input, at, literal);
    at += literal;
    if (at === end) return;
    if (at + 2 > end) throw new Malformed('an lz4 block that ends within a distance');
    const distance = input[at]! | (input[at + 1]! << 8);
    const match = readLength(input, at + 2, end, token & 15) + 4;
    at = lengthEnd;
    reserve(output, match);
    appendMatch(output, distance, match);
  }
}

/** Decodes one frame; yields between blocks. @throws {Malformed} */
export function* decodeLz4(input: Buffer): Generator<void, Buffer> {
  if (input.length < 7 || input.readUInt32LE(0) !== 0x184d2204) throw new Malformed('no lz4 frame');
  const flags = input[4]!;
  if (flags >>> 6 !== 1 || flags & 1) throw new Malformed('an lz4 frame of an unknown kind');
  const blockChecksum = flags & 0x10 ? 4 : 0;
  const output = createOutput(input.length * 4);
  let at = 7 + (flags & 0x08 ? 8 : 0);
  let sinceYield = 0;
  for (;;) {
    if (at + 4 > input.length) throw new Malformed('an lz4 frame without its end');
    const head = input.readUInt32LE(at);
    if (head === 0) return output.bytes.subarray(0, output.at);
    const start = at + 4;
    const end = start + (head & 0x7fffffff);
    if (end + blockChecksum > input.length)
      throw new Malformed('an lz4 block longer than its frame');
    const before = output.at;
    if (head & 0x80000000) {
      reserve(output, end - start);
      appendLiteral(output, input, start, end - start);
    } else decodeBlock(input, start, end, output);
    at = end + blockChecksum;
    sinceYield += output.at - before;
    if (sinceYield > pauseAfter) {
      sinceYield = 0;
      yield;
    }
  }
}

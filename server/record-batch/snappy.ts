// Snappy, raw (librdkafka) and in the frames of xerial's snappy-java (Kafka's Java clients).
import {
  appendLiteral,
  appendMatch,
  maxWindow,
  type Output,
  pauseAfter,
  reserve,
  written,
} from './growing-buffer.ts';
import { Malformed } from './record-parts.ts';

const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
/** The magic and two version numbers. */
const xerialHeader = 16;
/** The most that one copy makes. */
const maxCopy = 64;

function* decodeBlock(input: Buffer, start: number, end: number, output: Output): Generator<void> {
  let at = start;
  let claimed = 0;
  for (let scale = 1; ; scale *= 128) {
    if (at >= end || scale > 2 ** 28) throw new Malformed('a snappy block without a length');
    const byte = input[at++]!;
    claimed += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  // An element of 3 bytes decodes to 64 at most, so a greater claim is refused before it costs memory.
  if (claimed > (end - at) * 22) throw new Malformed(`a snappy block that claims ${claimed} bytes`);
  // A match may reach back to the beginning of its block, as far as that is kept.
  output.window = Math.min(claimed, maxWindow / 2);
  const limit = written(output) + claimed;
  while (at < end) {
    const pause = Math.min(limit, written(output) + pauseAfter);
    reserve(output, pause - written(output) + maxCopy);
    at = decodeElements(input, at, end, output, limit, pause);
    if (at < end) yield;
  }
  if (written(output) !== limit) throw new Malformed('a snappy block shorter than it claims');
}

/** Decodes until `pause` is reached in the output or `end` in the input; returns where it stopped. */
function decodeElements(
  input: Buffer,
  start: number,
  end: number,
  output: Output,
  limit: number,
  pause: number,
): number {
  let at = start;
  while (at < end) {
    const tag = input[at++]!;
    const kind = tag & 3;
    let length = (tag >>> 2) + 1;
    if (kind === 0) {
      if (length > 60) {
        const size = length - 60;
        if (at + size > end) throw new Malformed('a snappy block that ends within a length');
        length = input.readUIntLE(at, size) + 1;
        at += size;
      }
      if (at + length > end || written(output) + length > limit)
        throw new Malformed('a snappy literal longer than its block');
      if (length > maxCopy) reserve(output, length + maxCopy);
      appendLiteral(output, input, at, length);
      at += length;
    } else {
      const size = kind === 3 ? 4 : kind;
      if (at + size > end) throw new Malformed('a snappy block that ends within a distance');
      let distance = input[at]!;
      if (kind === 1) {
        length = ((tag >>> 2) & 7) + 4;
        distance |= (tag >>> 5) << 8;
      } else {
        distance |= input[at + 1]! << 8;
        if (kind === 3) distance += input.readUInt16LE(at + 2) * 0x1_0000;
      }
      at += size;
      if (written(output) + length > limit)
        throw new Malformed('a snappy match longer than its block');
      appendMatch(output, distance, length);
    }
    if (written(output) >= pause && at < end) return at;
  }
  return at;
}

/** Decodes either framing into `output`; yields now and then. @throws {Malformed} */
export function* decodeSnappy(input: Buffer, output: Output): Generator<void, void> {
  if (input.length < xerialHeader || !input.subarray(0, 8).equals(xerialMagic))
    yield* decodeBlock(input, 0, input.length, output);
  else {
    let pause = written(output) + pauseAfter;
    for (let at = xerialHeader; at < input.length; ) {
      if (at + 4 > input.length) throw new Malformed('a snappy frame that ends within a length');
      const end = at + 4 + input.readInt32BE(at);
      if (end < at + 4 || end > input.length)
        throw new Malformed('a snappy block out of its frame');
      yield* decodeBlock(input, at + 4, end, output);
      at = end;
      if (written(output) < pause) continue;
      yield;
      pause = written(output) + pauseAfter;
    }
  }
}

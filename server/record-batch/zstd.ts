// Zstandard frames (RFC 8878), decoded by fzstd. The frame is walked here, so that the size of the
// window, which fzstd allocates as claimed, follows from the blocks that are really there.
import { Decompress } from 'fzstd';
import { maxWindow, type Output, pauseAfter, reserve } from './growing-buffer.ts';
import { Malformed } from './record-parts.ts';

const maxBlock = 128 * 1024;
/** Reading the tables of a block takes about as long as decoding so many bytes. */
const blockCost = 8 * 1024;

type Frame = {
  /** Where its first block begins. */
  readonly blocks: number;
  readonly window: number;
  readonly checksum: number;
};

function readFrame(input: Buffer, at: number): Frame {
  if (at + 6 > input.length || input.readUInt32LE(at) !== 0xfd2fb528)
    throw new Malformed('no zstd frame');
  const flags = input[at + 4]!;
  if (flags & 0x0b) throw new Malformed('a zstd frame with a dictionary or of an unknown kind');
  const single = (flags & 0x20) !== 0;
  const sizeLength = flags >>> 6 === 0 ? Number(single) : 1 << (flags >>> 6);
  const sizeAt = at + 5 + (single ? 0 : 1);
  const blocks = sizeAt + sizeLength;
  if (blocks > input.length) throw new Malformed('a zstd frame that ends within its header');
  let window: number;
  if (single) {
    // A size of 2 bytes is stored less 256. Of one of 8 bytes 6 are enough: beyond them it is over the cap.
    window = input.readUIntLE(sizeAt, Math.min(sizeLength, 6)) + (sizeLength === 2 ? 256 : 0);
  } else {
    const descriptor = input[at + 5]!;
    window = 2 ** (10 + (descriptor >>> 3)) * (1 + (descriptor & 7) / 8);
  }
  return { blocks, window, checksum: flags & 0x04 ? 4 : 0 };
}

/** A header that asks for a window of at least `size` bytes and for nothing else. */
function plainHeader(size: number): Buffer {
  const exponent = Math.max(0, Math.ceil(Math.log2(size)) - 10);
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3]);
}

/** Decodes frame after frame into `output`; yields between blocks. @throws {Malformed} */
export function* decodeZstd(input: Buffer, output: Output): Generator<void, void> {
  for (let at = 0; at < input.length; ) {
    const frame = readFrame(input, at);
    const ends: number[] = [];
    let bound = 0;
    at = frame.blocks;
    for (let last = false; !last; ) {
      if (at + 3 > input.length) throw new Malformed('a zstd frame without its last block');
      const head = input.readUIntLE(at, 3);
      const kind = (head >>> 1) & 3;
      const size = head >>> 3;
      if (size > maxBlock || kind === 3) throw new Malformed('a zstd block that cannot be');
      bound += kind === 2 ? Math.min(maxBlock, frame.window) : size;
      at += 3 + (kind === 1 ? 1 : size);
      if (at > input.length) throw new Malformed('a zstd block longer than its frame');
      ends.push(at);
      last = (head & 1) !== 0;
    }
    at += frame.checksum;
    const window = Math.max(Math.min(frame.window, bound), 1024);
    if (window > maxWindow) throw new Malformed(`a zstd window of ${frame.window} bytes`);
    let work = 0;
    const decoder = new Decompress((chunk) => {
      // fzstd moves its window for every block, however little is in it.
      work += chunk.length + window / 16 + blockCost;
      reserve(output, chunk.length);
      output.bytes.set(chunk, output.at);
      output.at += chunk.length;
    });
    let start = frame.blocks;
    decoder.push(plainHeader(window));
    for (const end of ends) {
      decoder.push(input.subarray(start, end), end === ends.at(-1));
      start = end;
      if (work < pauseAfter) continue;
      work = 0;
      yield;
    }
  }
}

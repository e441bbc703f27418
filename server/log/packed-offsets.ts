// Many offsets in few bytes: runs of neighbours, each by its distance from the one before. A run is
// written as 2 * distance for a single offset, 2 * distance + 1 and then its length less 2 for more;
// numbers take 7 bits a byte, the lowest first. A thousand in a row take 3 bytes, scattered ones 1 or 2 each.

/** Of one number at most. */
const MAX_NUMBER_BYTES = 8;

/** Packs ascending offsets from 0 to 2^50, without repetition. */
export function packOffsets(offsets: Float64Array): Buffer {
  const bytes = Buffer.allocUnsafe(2 * MAX_NUMBER_BYTES + offsets.length * MAX_NUMBER_BYTES);
  let at = 0;
  let end = 0;
  for (let i = 0; i < offsets.length; ) {
    const from = offsets[i]!;
    let next = i + 1;
    while (next < offsets.length && offsets[next] === from + next - i) next += 1;
    const length = next - i;
    at = write(bytes, at, 2 * (from - end) + (length > 1 ? 1 : 0));
    if (length > 1) at = write(bytes, at, length - 2);
    end = from + length;
    i = next;
  }
  return Buffer.from(bytes.subarray(0, at));
}

/** What `packOffsets` was given. @throws {RangeError} when it gave no such bytes */
export function unpackOffsets(packed: Buffer): Float64Array {
  const offsets = new Float64Array(countOffsets(packed));
  let i = 0;
  eachRun(packed, (from, length) => {
    for (let offset = from; offset < from + length; offset += 1) offsets[i++] = offset;
  });
  return offsets;
}

/** How many runs' bytes claim, before any memory is taken for them. */
function countOffsets(packed: Buffer): number {
  let count = 0;
  eachRun(packed, (_from, length) => {
    count += length;
  });
  if (count > MAX_COUNT) throw new RangeError(`${count} offsets`);
  return count;
}

/** 400 MB of memory. */
const MAX_COUNT = 50_000_000;

function eachRun(packed: Buffer, visit: (from: number, length: number) => void): void {
  let end = 0;
  for (let at = 0; at < packed.length; at = numberEnd) {
    const distance = read(packed, at);
    const from = end + Math.floor(distance / 2);
    const length = distance % 2 === 0 ? 1 : read(packed, numberEnd) + 2;
    end = from + length;
    if (end > 2 ** 51) throw new RangeError(`an offset beyond 2^51`);
    visit(from, length);
  }
}

function write(bytes: Buffer, start: number, value: number): number {
  let rest = value;
  let at = start;
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at++] = rest;
  return at;
}

/** Where the last number ended. */
let numberEnd = 0;

function read(packed: Buffer, start: number): number {
  let value = 0;
  let unit = 1;
  for (let at = start; at < start + MAX_NUMBER_BYTES; at += 1) {
    const byte = packed[at];
    if (byte === undefined) throw new RangeError('offsets that end inside a number');
    value += (byte & 0x7f) * unit;
    numberEnd = at + 1;
    if (byte < 0x80) return value;
    unit *= 0x80;
  }
  throw new RangeError('a number without an end');
}

/** Index of the least of the ascending `sorted` that is at or above `offset`; their number when there is none. */
export function indexAtOrAbove(sorted: Float64Array, offset: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle]! < offset) from = middle + 1;
    else to = middle;
  }
  return from;
}

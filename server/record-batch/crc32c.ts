// CRC-32C (Castagnoli), the checksum of a record batch, many bytes at a time ("slicing-by-16").

const polynomial = 0x82f63b78;

/** Sixteen tables of 256 in one: the k-th advances a byte over k more bytes. */
const table = new Int32Array(16 * 256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  table[byte] = crc;
}
for (let i = 256; i < table.length; i++) {
  const shorter = table[i - 256]!;
  table[i] = (shorter >>> 8) ^ table[shorter & 255]!;
}

const isLittleEndian = new Uint8Array(Int32Array.of(1).buffer)[0] === 1;
/** From here on it pays to read whole words, for which a view has to be made. */
const wordsFrom = isLittleEndian ? 1024 : Number.POSITIVE_INFINITY;
const stride = 16;

/** The checksum of `bytes[start, end)` as an unsigned 32-bit integer. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1;
  let at = start;
  if (end - start >= wordsFrom) {
    const aligned = start + (-(bytes.byteOffset + start) & 3);
    const words = Math.floor((end - aligned) / stride) * (stride / 4);
    crc = overBytes(crc, bytes, start, aligned);
    crc = overWords(crc, new Int32Array(bytes.buffer, bytes.byteOffset + aligned, words));
    at = aligned + words * 4;
  }
  return ~overBytes(crc, bytes, at, end) >>> 0;
}

/** Goes on over words in memory order, little endian, a multiple of four. */
function overWords(before: number, words: Int32Array): number {
  let crc = before;
  for (let i = 0; i + 3 < words.length; i += 4) {
    const a = crc ^ words[i]!;
    const b = words[i + 1]!;
    const c = words[i + 2]!;
    const d = words[i + 3]!;
    crc =
      table[0xf00 | (a & 255)]! ^
      table[0xe00 | ((a >>> 8) & 255)]! ^
      table[0xd00 | ((a >>> 16) & 255)]! ^
      table[0xc00 | (a >>> 24)]! ^
      table[0xb00 | (b & 255)]! ^
      table[0xa00 | ((b >>> 8) & 255)]! ^
      table[0x900 | ((b >>> 16) & 255)]! ^
      table[0x800 | (b >>> 24)]! ^
      table[0x700 | (c & 255)]! ^
      table[0x600 | ((c >>> 8) & 255)]! ^
      table[0x500 | ((c >>> 16) & 255)]! ^
      table[0x400 | (c >>> 24)]! ^
      table[0x300 | (d & 255)]! ^
      table[0x200 | ((d >>> 8) & 255)]! ^
      table[0x100 | ((d >>> 16) & 255)]! ^
      table[d >>> 24]!;
  }
  return crc;
}

function overBytes(before: number, bytes: Uint8Array, start: number, end: number): number {
  let crc = before;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      table[0x700 | (crc & 255)]! ^
      table[0x600 | ((crc >>> 8) & 255)]! ^
      table[0x500 | ((crc >>> 16) & 255)]! ^
      table[0x400 | (crc >>> 24)]! ^
      table[0x300 | bytes[at + 4]!]! ^
      table[0x200 | bytes[at + 5]!]! ^
      table[0x100 | bytes[at + 6]!]! ^
      table[bytes[at + 7]!]!;
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ table[(crc ^ bytes[at]!) & 255]!;
  return crc;
}

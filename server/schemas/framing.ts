// How a value says which schema it was written with. Told apart by the first bytes and never guessed: a
// value without framing has to begin with a text that is not empty, and both marks would be the length
// of one with no bytes or with fewer than none.

export type Framing = 'raw' | 'single-object' | 'registry';

/** Bytes before the Avro binary. */
export const HEADER_BYTES: Readonly<Record<Framing, number>> = {
  raw: 0,
  /** `C3 01`, then 8 bytes of fingerprint, the least significant first (Avro, single-object encoding). */
  'single-object': 10,
  /** `00`, then 4 bytes of id, the most significant first (Confluent's wire format). */
  registry: 5,
};

/** The framing in words. */
export const FRAMING_WORDS: Readonly<Record<Framing, string>> = {
  raw: 'raw Avro',
  'single-object': 'single-object encoding',
  registry: 'Schema Registry framing',
};

/** The framing of the value in `bytes[start, end)`, which may end inside its header. */
export function framingOf(bytes: Buffer, start: number, end: number): Framing {
  if (bytes[start] === 0x00) return 'registry';
  const isMarked = end - start >= 2 && bytes[start] === 0xc3 && bytes[start + 1] === 0x01;
  return isMarked ? 'single-object' : 'raw';
}

/** The id of the schema in a header of the registry's; the header must be whole. */
export function readSchemaId(bytes: Buffer, start: number): number {
  return bytes.readUInt32BE(start + 1);
}

/** The header of a value whose schema has this id in the registry. */
export function registryHeader(id: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES.registry);
  header.writeUInt32BE(id, 1);
  return header;
}

/** The header of a value whose schema has this fingerprint. */
export function singleObjectHeader(fingerprint: bigint): Buffer {
  const header = Buffer.alloc(HEADER_BYTES['single-object']);
  header.writeUInt16BE(0xc301);
  header.writeBigUInt64LE(fingerprint, 2);
  return header;
}

/** The fingerprint in a header of single-object encoding; the header must be whole. */
export function readFingerprint(bytes: Buffer, start: number): bigint {
  return bytes.readBigUInt64LE(start + 2);
}

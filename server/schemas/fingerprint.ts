// CRC-64-AVRO: the Rabin fingerprint by which single-object encoding names a schema.

const EMPTY = 0xc15d213aa4d7a795n;

const table = Array.from({ length: 256 }, (_, byte) => {
  let fingerprint = BigInt(byte);
  for (let bit = 0; bit < 8; bit += 1) {
    fingerprint = (fingerprint >> 1n) ^ (EMPTY & -(fingerprint & 1n));
  }
  return BigInt.asUintN(64, fingerprint);
});

/** Of a schema in Avro's parsing canonical form (Avro specification, "Schema fingerprints"). */
export function fingerprintOf(canonical: string): bigint {
  let fingerprint = EMPTY;
  for (const byte of Buffer.from(canonical)) {
    fingerprint = (fingerprint >> 8n) ^ table[Number((fingerprint ^ BigInt(byte)) & 0xffn)]!;
  }
  return fingerprint;
}

/** 16 hexadecimal digits, the most significant first, as Avro's own tools show it. */
export function fingerprintText(fingerprint: bigint): string {
  return fingerprint.toString(16).padStart(16, '0');
}

// Bytes as they stand in a record, sixteen to a line. Pure.

export interface HexLine {
  readonly at: string;
  readonly bytes: readonly { readonly hex: string; readonly index: number }[];
  readonly text: string;
}

/** The bytes of a base64 text. */
export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
}

/** At most `limit` bytes as lines. */
export function hexLines(bytes: Uint8Array, limit = 512): HexLine[] {
  const lines: HexLine[] = [];
  for (let at = 0; at < Math.min(bytes.length, limit); at += 16) {
    const row = [...bytes.subarray(at, Math.min(at + 16, limit))];
    lines.push({
      at: at.toString(16).padStart(4, '0'),
      bytes: row.map((byte, index) => ({
        hex: byte.toString(16).padStart(2, '0'),
        index: at + index,
      })),
      text: row.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.')).join(''),
    });
  }
  return lines;
}

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

/** So many bytes are shown at once. */
export const SHOWN_BYTES = 512;

/** Where to begin so that the byte at `index` is among those shown. */
export function startFor(index: number | null): number {
  if (index === null || index < SHOWN_BYTES - 16) return 0;
  return (index - SHOWN_BYTES / 2) & ~15;
}

/** The bytes from `from` on as lines. */
export function hexLines(bytes: Uint8Array, from = 0): HexLine[] {
  const lines: HexLine[] = [];
  const end = Math.min(bytes.length, from + SHOWN_BYTES);
  for (let at = from; at < end; at += 16) {
    const row = [...bytes.subarray(at, Math.min(at + 16, end))];
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

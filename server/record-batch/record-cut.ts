// A record that is too large for memory, read while its bytes pass: kept are its offset, key and headers,
// and of the value the first bytes, the length and the hash.
import { createHash } from 'node:crypto';
import { readFields, readHeaderParts } from './odd-records.ts';
import type { Cut, RecordHeader } from './record.ts';
import { emptyParts, Malformed, readHeaders, varint, varintEnd } from './record-parts.ts';
import { encodeBody, encodeRecord } from './writer.ts';

/** From here on a record of a compressed batch is cut. */
export const maxKeptRecord = 16 * 1024 * 1024;
/** Of the value, and the most that the key and the headers may have. */
const keptBytes = 64 * 1024;
const headBytes = 3 * keptBytes;

export type CutRecord = {
  readonly offsetDelta: number;
  /** The record with what was kept of its value. */
  readonly bytes: Buffer;
  readonly cut: Cut;
  /** What is missing beside the end of the value; null when nothing is. */
  readonly fault: string | null;
};

export type Cutter = {
  /** Bytes of the record that are still to come. */
  readonly left: number;
  /** The next bytes of the record, its length field included. */
  take(chunk: Buffer): void;
  /** When none are left. */
  finish(): CutRecord;
};

/** For a record of `size` bytes, its length field included, which must be more than `headBytes`. */
export function createCutter(size: number): Cutter {
  const head = Buffer.allocUnsafeSlow(headBytes);
  const hash = createHash('sha256');
  const parts = emptyParts();
  const faults: string[] = [];
  const tail: Buffer[] = [];
  let seen = 0;

  /** The first bytes are there: finds the value. When that fails, all the rest is the value. */
  function look(): void {
    const { bodyStart: from } = parts;
    varint(head, 0);
    try {
      readFields(head, varintEnd, size, parts);
      const keyBytes = parts.keyEnd - parts.keyStart;
      if (keyBytes > keptBytes) throw new Malformed(`a key of ${keyBytes} bytes`);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      faults.push(error.message);
      parts.keyStart = -1;
      parts.valueStart = from;
      parts.valueEnd = size;
    }
  }

  /** The part of `chunk`, which begins at `at` in the record, that lies in [from, to). */
  function overlap(chunk: Buffer, at: number, from: number, to: number): Buffer {
    return chunk.subarray(Math.max(0, from - at), Math.max(0, to - at));
  }

  /** Where the value ends and the headers begin. */
  const headersFrom = () => (parts.valueStart < 0 ? parts.headersStart : parts.valueEnd);

  function pass(chunk: Buffer, at: number): void {
    if (parts.valueStart >= 0) hash.update(overlap(chunk, at, parts.valueStart, parts.valueEnd));
    if (size - headersFrom() > keptBytes) return;
    const part = overlap(chunk, at, headersFrom(), size);
    if (part.length > 0) tail.push(Buffer.from(part));
  }

  function headers(): RecordHeader[] {
    const bytes = Buffer.concat(tail);
    if (headersFrom() === size) return [];
    if (bytes.length === 0) {
      faults.push(`headers of ${size - headersFrom()} bytes`);
      return [];
    }
    const found = emptyParts();
    try {
      readHeaderParts(bytes, bytes.length, found);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      faults.push(error.message);
    }
    return readHeaders(bytes, found);
  }

  return {
    get left() {
      return size - seen;
    },
    take(chunk) {
      const missing = Math.max(0, headBytes - seen);
      const first = chunk.subarray(0, missing);
      first.copy(head, seen);
      seen += first.length;
      if (missing > 0 && seen >= headBytes) {
        look();
        pass(head, 0);
      }
      if (chunk.length > first.length) pass(chunk.subarray(first.length), seen);
      seen += chunk.length - first.length;
    },
    finish() {
      const { keyStart, keyEnd, valueStart, valueEnd } = parts;
      const kept = Math.min(valueEnd, valueStart + keptBytes, headBytes);
      const body = encodeBody({
        key: keyStart < 0 ? null : head.subarray(keyStart, keyEnd),
        value: valueStart < 0 ? null : head.subarray(valueStart, kept),
        headers: headers(),
      });
      return {
        offsetDelta: parts.offsetDelta,
        bytes: encodeRecord(body, parts),
        cut: { valueBytes: Math.max(0, valueEnd - valueStart), sha256: hash.digest('hex') },
        fault: faults.length === 0 ? null : `left out or unreadable: ${faults.join(', ')}`,
      };
    },
  };
}

// Where decoders write: a buffer that grows with what is written, never by what is claimed.
import { Malformed } from './record-parts.ts';

/** The most that one batch may inflate to. */
export const maxInflated = 64 * 1024 * 1024;

/** Bytes after which a decoder lets others have their turn: a few milliseconds of work. */
export const pauseAfter = 512 * 1024;

/** Output of a decoder; `bytes` may be replaced by every `reserve`. */
export type Output = {
  bytes: Buffer;
  /** Where to write next. */
  at: number;
};

/** An output with room for a guess. */
export function createOutput(guess: number): Output {
  return { bytes: Buffer.allocUnsafeSlow(Math.min(Math.max(guess, 1024), maxInflated)), at: 0 };
}

/** Makes room for `more` bytes. @throws {Malformed} above the cap */
export function reserve(output: Output, more: number): void {
  const needed = output.at + more;
  if (needed <= output.bytes.length) return;
  if (needed > maxInflated) throw new Malformed(`inflates to more than ${maxInflated} bytes`);
  const grown = Buffer.allocUnsafeSlow(
    Math.min(maxInflated, Math.max(needed, output.bytes.length * 2)),
  );
  output.bytes.copy(grown, 0, 0, output.at);
  output.bytes = grown;
}

/** Below this a loop beats a call into native code. */
const short = 24;

/** Appends `input[from, from + length)`, for which there must be room. */
export function appendLiteral(output: Output, input: Buffer, from: number, length: number): void {
  const { bytes, at } = output;
  if (length > short) input.copy(bytes, at, from, from + length);
  else for (let i = 0; i < length; i++) bytes[at + i] = input[from + i]!;
  output.at = at + length;
}

/** Appends `length` bytes from `distance` before the end, of which the first may be among the last. */
export function appendMatch(output: Output, distance: number, length: number): void {
  const { bytes, at } = output;
  if (distance === 0 || distance > at) throw new Malformed('a match before the first byte');
  const from = at - distance;
  if (length > short && distance >= length) bytes.copyWithin(at, from, from + length);
  else for (let i = 0; i < length; i++) bytes[at + i] = bytes[from + i]!;
  output.at = at + length;
}

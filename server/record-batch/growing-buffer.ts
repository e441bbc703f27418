// The output of a decoder: a buffer that grows with the bytes that are really decoded, whatever size the
// input claims, and drops those at its front once they have been read and no match can refer to them.
import { Malformed } from './record-parts.ts';

/** Bytes after which a decoder lets others have their turn: a few milliseconds of work. */
export const pauseAfter = 512 * 1024;

/** How far back a match may reach in what is written, at most. */
export const maxWindow = 64 * 1024 * 1024;

/** Output of a decoder; `bytes` and the places in it may be moved by every `reserve`. */
export type Output = {
  bytes: Buffer;
  /** Where to write next. */
  at: number;
  /** The reader needs nothing below it. */
  taken: number;
  /** Bytes that were let go of before the first of `bytes`. */
  dropped: number;
  /** How far back the decoder looks in what it wrote. */
  window: number;
};

/** An output with room for a guess. */
export function createOutput(guess: number): Output {
  const room = Math.min(Math.max(guess, 1024), 2 * pauseAfter);
  return { bytes: Buffer.allocUnsafeSlow(room), at: 0, taken: 0, dropped: 0, window: 0 };
}

/** How many bytes have been written, ever. */
export const written = ({ dropped, at }: Output) => dropped + at;

/**
 * Makes room for `more` bytes. Lets go of what was taken when that is at least a quarter of the buffer,
 * so that a byte is moved only a few times.
 */
export function reserve(output: Output, more: number): void {
  const { bytes, at, taken, window } = output;
  if (at + more <= bytes.length) return;
  const drop = Math.max(0, Math.min(taken, at - window));
  const needed = at - drop + more;
  if (drop < bytes.length >> 2 || needed > bytes.length) {
    output.bytes = Buffer.allocUnsafeSlow(Math.max(needed, bytes.length * 2));
  }
  bytes.copy(output.bytes, 0, drop, at);
  output.at -= drop;
  output.taken -= drop;
  output.dropped += drop;
}

/** Below this a loop beats a call into native code. */
const short = 24;
/** Up to this a match that repeats itself is copied byte by byte. */
const shortRepeat = 256;

/** Appends `input[from, from + length)`, for which there must be room. */
export function appendLiteral(output: Output, input: Buffer, from: number, length: number): void {
  const { bytes, at } = output;
  if (length > short) input.copy(bytes, at, from, from + length);
  else for (let i = 0; i < length; i++) bytes[at + i] = input[from + i]!;
  output.at = at + length;
}

/**
 * Appends a copy of the `length` bytes that begin `distance` before the end. Where `length` is the greater,
 * the copy runs into what it has just appended itself: "ab" and a match (2, 6) make "abababab".
 */
export function appendMatch(output: Output, distance: number, length: number): void {
  const { bytes, at } = output;
  if (distance === 0 || distance > at) throw new Malformed('a match before the first byte');
  const from = at - distance;
  if (length > short && distance >= length) bytes.copyWithin(at, from, from + length);
  else if (length <= shortRepeat) for (let i = 0; i < length; i++) bytes[at + i] = bytes[from + i]!;
  else appendRepeat(bytes, at, distance, length);
  output.at = at + length;
}

/** What is there already is the pattern for twice as much. */
function appendRepeat(bytes: Buffer, at: number, distance: number, length: number): void {
  const end = at + length;
  for (let next = at, size = distance; next < end; size = next - at + distance) {
    const piece = Math.min(size, end - next);
    bytes.copyWithin(next, at - distance, at - distance + piece);
    next += piece;
  }
}

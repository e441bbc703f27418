// The products of a checkpoint as Avro writes them (avro/checkpoint.avsc). By hand, because there may be
// a hundred thousand of them ten times a second; a test holds it against avsc.
import { longEnd, readLong, writeLong } from '../log/avro-values.ts';
import type { Averages, Tally } from './averages.ts';

/** Three longs below 2^56 take at most 8 bytes each, the length of a name 2. */
const BYTES_BESIDE_NAME = 26;
const MAX_BYTES_PER_CHAR = 3;

/** The array that has no products. */
export const NO_PRODUCTS = Buffer.of(0);

/** Avro binary of the array: one block and the end. */
export function encodeProducts(averages: Averages): Buffer {
  let room = 16;
  for (const product of averages.keys()) {
    room += product.length * MAX_BYTES_PER_CHAR + BYTES_BESIDE_NAME;
  }
  const bytes = Buffer.allocUnsafe(room);
  let at = averages.size === 0 ? 0 : writeLong(bytes, 0, averages.size);
  for (const [product, { count, low, carry }] of averages) {
    at = writeString(bytes, at, product);
    at = writeLong(bytes, at, count);
    at = writeLong(bytes, at, low);
    at = writeLong(bytes, at, carry);
  }
  bytes[at] = 0;
  return bytes.subarray(0, at + 1);
}

function writeString(bytes: Buffer, start: number, text: string): number {
  let at = writeLong(bytes, start, text.length);
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return writeWideString(bytes, start, text);
    bytes[at++] = code;
  }
  return at;
}

function writeWideString(bytes: Buffer, start: number, text: string): number {
  const at = writeLong(bytes, start, Buffer.byteLength(text));
  return at + bytes.write(text, at, 'utf8');
}

/** Reads what `encodeProducts` wrote, all of `bytes`. Throws RangeError when it is not that. */
export function decodeProducts(bytes: Buffer): Averages {
  const steps = readRest(bytes, firstEntry(bytes));
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Entries between two pauses: a fraction of a millisecond. */
const PAUSE_EVERY = 512;

/** A product of which two checkpoints say different things; undefined where there is none. */
export type ProductChange = {
  readonly product: string;
  readonly before: Tally | undefined;
  readonly after: Tally | undefined;
};

/**
 * Where two arrays differ that `encodeProducts` wrote. Checkpoints that follow each other have their
 * products in the same order; as long as that holds, what is equal is compared as bytes and never
 * decoded. Pauses often, because there may be a hundred thousand. Throws RangeError when one of them
 * is no such array.
 */
export function* diffProducts(
  before: Buffer,
  after: Buffer,
): Generator<undefined, ProductChange[]> {
  const changes: ProductChange[] = [];
  let old = firstEntry(before);
  let now = firstEntry(after);
  while (old.left > 0 && now.left > 0) {
    if (now.left % PAUSE_EVERY === 0) yield;
    const same = sameEntry(before, old.at, after, now.at);
    if (same > 0) {
      old.at += same;
      old.left -= 1;
      now.at += same;
      now.left -= 1;
      continue;
    }
    const was = readEntry(before, old.at);
    const is = readEntry(after, now.at);
    if (was.product !== is.product) break;
    changes.push({ product: is.product, before: was.tally, after: is.tally });
    old = { at: was.end, left: old.left - 1 };
    now = { at: is.end, left: now.left - 1 };
  }
  const rest = yield* readRest(before, old);
  for (const [product, tally] of yield* readRest(after, now)) {
    if (changes.length % PAUSE_EVERY === 0) yield;
    const known = rest.get(product);
    rest.delete(product);
    if (known === undefined || !isSame(known, tally)) {
      changes.push({ product, before: known, after: tally });
    }
  }
  for (const [product, tally] of rest) changes.push({ product, before: tally, after: undefined });
  return changes;
}

/** Where the next entry begins, and how many there are from there on. */
type Entry = { at: number; left: number };

/** The end of an array is a block of none, so an empty array is its own end. */
function firstEntry(bytes: Buffer): Entry {
  const left = readLong(bytes, 0);
  return { at: left === 0 ? 0 : longEnd, left };
}

function* readRest(bytes: Buffer, { at, left }: Entry): Generator<undefined, Averages> {
  const averages: Averages = new Map();
  let next = at;
  for (let i = 1; i <= left; i += 1) {
    if (i % PAUSE_EVERY === 0) yield;
    const { product, tally, end } = readEntry(bytes, next);
    averages.set(product, tally);
    next = end;
  }
  if (readLong(bytes, next) !== 0 || longEnd !== bytes.length) {
    throw new RangeError(`${bytes.length - next} bytes after the products`);
  }
  return averages;
}

function readEntry(bytes: Buffer, at: number): { product: string; tally: Tally; end: number } {
  const length = readLong(bytes, at);
  const start = longEnd;
  if (length > bytes.length - start) throw new RangeError('the products end too early');
  const product = bytes.toString('utf8', start, start + length);
  const count = readLong(bytes, start + length);
  const low = readLong(bytes, longEnd);
  const carry = readLong(bytes, longEnd);
  return { product, tally: { count, low, carry }, end: longEnd };
}

/** How many bytes the entries take when they are equal; 0 when they are not. */
function sameEntry(before: Buffer, atBefore: number, after: Buffer, at: number): number {
  const shift = atBefore - at;
  const length = readLong(after, at);
  let next = at;
  const nameEnd = longEnd + length;
  if (nameEnd > after.length) return 0;
  for (; next < nameEnd; next += 1) {
    if (after[next] !== before[next + shift]) return 0;
  }
  for (let numbers = 3; numbers > 0; next += 1) {
    const byte = after[next];
    if (byte === undefined || byte !== before[next + shift]) return 0;
    if (byte < 0x80) numbers -= 1;
  }
  return next - at;
}

function isSame(a: Tally, b: Tally): boolean {
  return a.count === b.count && a.low === b.low && a.carry === b.carry;
}

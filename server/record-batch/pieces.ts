// The records of a batch, inflated and checked, in pieces of whole records: one for most batches, more
// where more comes out than should be in memory at once.
import { setImmediate } from 'node:timers/promises';
import { type BatchHeader, Codec, DamagedBatch } from './batch-header.ts';
import { inflate } from './codecs.ts';
import { createOutput, type Output, pauseAfter } from './growing-buffer.ts';
import { type Places, placeRecords, type Stretch } from './odd-records.ts';
import { arePlain } from './plain-records.ts';
import type { Cut } from './record.ts';
import { createCutter, maxKeptRecord } from './record-cut.ts';
import { emptyParts, Malformed, readParts, skipHeader, varint, varintEnd } from './record-parts.ts';
import { inSlices } from './slices.ts';

/** Records of a batch; `bytes` is theirs until the next piece is asked for. */
export type Piece = Stretch & {
  readonly bytes: Buffer;
  /** Where they are, when something is odd about them; null when they stand one after the other. */
  readonly places: Places | null;
  /** The greatest delta of an offset among them. */
  readonly lastDelta: number;
  /** Nothing of the batch follows. */
  readonly isLast: boolean;
  /** When it is one record that was too large to be kept: what is missing of its value. */
  readonly cut: Cut | null;
  /** And beside its value. */
  readonly fault: string | null;
};

/** What inflates to less is one piece. */
const pieceBytes = 4 * 1024 * 1024;

/** Records and headers looked at before others get their turn: a few milliseconds. */
const slice = 1 << 16;

/** Deltas of the offsets: those of these records are above `after` and at most `last`. */
type Deltas = { readonly after: number; readonly last: number };

/**
 * The delta of the last record when all are as they should be: each length right, the offsets ascending.
 * Otherwise null. Yields now and then.
 */
function* walkRegular(
  bytes: Buffer,
  { start, end, count }: Stretch,
  { after, last }: Deltas,
): Generator<void, number | null> {
  const parts = emptyParts();
  let at = start;
  let delta = after;
  let work = 0;
  try {
    for (let i = 0; i < count; i++) {
      at = readParts(bytes, at, end, parts);
      if (parts.offsetDelta <= delta || parts.offsetDelta > last) return null;
      delta = parts.offsetDelta;
      let header = parts.headersStart;
      for (let h = 0; h < parts.headerCount; h++) {
        header = skipHeader(bytes, header, at);
        if (++work % slice === 0) yield;
      }
      if (header !== at) return null;
      if (++work % slice === 0) yield;
    }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return null;
  }
  return at === end ? delta : null;
}

/** @throws {Malformed} */
async function check(
  bytes: Buffer,
  stretch: Stretch,
  deltas: Deltas,
  { whole, isLast }: { whole: boolean; isLast: boolean },
): Promise<Piece> {
  const piece = { bytes, ...stretch, isLast, cut: null, fault: null };
  const lastDelta = await inSlices(walkRegular(bytes, stretch, deltas));
  if (lastDelta !== null) return { ...piece, places: null, lastDelta };
  const places = await inSlices(placeRecords(bytes, stretch, { ...deltas, whole }));
  return { ...piece, places, lastDelta: places.deltas.at(-1) ?? deltas.after };
}

function lastOfPlain(bytes: Buffer, stretch: Stretch, last: number): number | null {
  if (arePlain(bytes, stretch, last)) return stretch.count - 1;
  const { done, value } = walkRegular(bytes, stretch, { after: -1, last }).next();
  return done === true ? value : null;
}

/** The records of a batch at once, when nothing needs time: neither compressed, nor many, nor odd. Else null. */
export function plainPiece(bytes: Buffer, header: BatchHeader): Piece | null {
  const { codec, body: start, end, count, lastOffsetDelta: last } = header;
  if (codec !== Codec.none) return null;
  const lastDelta = lastOfPlain(bytes, { start, end, count }, last);
  if (lastDelta === null) return null;
  // Without a spread, which is slow enough to be measured in a log of small batches.
  return {
    bytes,
    start,
    end,
    count,
    places: null,
    lastDelta,
    isLast: true,
    cut: null,
    fault: null,
  };
}

/** The whole records among the bytes that were not taken yet, at most `left`; and how long the next one is. */
function takeStock({ bytes, taken, at }: Output, left: number): Stretch & { next: number } {
  let end = taken;
  let count = 0;
  // A length takes at most 5 bytes.
  while (count < left && end + 5 <= at) {
    const length = varint(bytes, end);
    if (length < 0) throw new Malformed(`a record of ${length} bytes`);
    const size = varintEnd - end + length;
    if (end + size > at) return { start: taken, end, count, next: size };
    end += size;
    count++;
  }
  return { start: taken, end, count, next: 0 };
}

/**
 * The records of a batch. One that inflates to little is checked whole before any of it is given out; of
 * a larger one every piece by itself. Memory is bounded by a record of 16 MiB and what the codec looks
 * back at; longer records are cut.
 * @throws {Malformed} when the records cannot be told apart, or the codec cannot make sense of them
 */
async function* openPieces(
  set: Buffer,
  { codec, body, end, count, lastOffsetDelta: last }: BatchHeader,
): AsyncGenerator<Piece, void> {
  const atOnce = { whole: true, isLast: true };
  if (codec === Codec.none) {
    yield await check(set, { start: body, end, count }, { after: -1, last }, atOnce);
    return;
  }
  const output = createOutput((end - body) * 4);
  const work = inflate(codec, set.subarray(body, end), output);
  let after = -1;
  for (let left = count; ; ) {
    const done = (await work.next()).done === true;
    if (done && left === count) {
      const all = { start: output.taken, end: output.at, count };
      yield await check(output.bytes, all, { after, last }, atOnce);
      return;
    }
    if (!done && output.at - output.taken < pieceBytes) continue;
    const { next, ...stock } = takeStock(output, left);
    if (stock.count > 0) {
      left -= stock.count;
      const part = { whole: false, isLast: left === 0 };
      const piece = await check(output.bytes, stock, { after, last }, part);
      yield piece;
      after = piece.lastDelta;
      output.taken = stock.end;
    }
    if (next > maxKeptRecord) {
      left -= 1;
      const piece = await cutPiece(output, work, next, left === 0);
      if (piece.lastDelta <= after || piece.lastDelta > last) {
        throw new Malformed(`a record at +${piece.lastDelta} after +${after} of +${last}`);
      }
      yield piece;
      after = piece.lastDelta;
    } else if (done) {
      if (left > 0) throw new Malformed(`${count - left} records where ${count} should be`);
      if (output.taken < output.at) throw new Malformed('bytes behind the last record');
      return;
    }
  }
}

/** Takes the record that begins with the next byte out of the output, as far as it can be kept. */
async function cutPiece(
  output: Output,
  work: AsyncGenerator<void>,
  size: number,
  isLast: boolean,
): Promise<Piece> {
  const cutter = createCutter(size);
  while (cutter.left > 0) {
    const to = Math.min(output.at, output.taken + Math.min(cutter.left, pauseAfter));
    cutter.take(output.bytes.subarray(output.taken, to));
    output.taken = to;
    if (cutter.left === 0) break;
    if (output.taken < output.at) await setImmediate();
    else if ((await work.next()).done) throw new Malformed('a record longer than its batch');
  }
  const { bytes, offsetDelta, cut, fault } = cutter.finish();
  const stretch = { start: 0, end: bytes.length, count: 1 };
  return { bytes, ...stretch, places: null, lastDelta: offsetDelta, isLast, cut, fault };
}

/** The next piece, or null at the end of the batch. @throws {DamagedBatch} */
export async function nextPiece(
  pieces: AsyncGenerator<Piece, void>,
  baseOffset: number,
): Promise<Piece | null> {
  try {
    return (await pieces.next()).value ?? null;
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new DamagedBatch(baseOffset, 'INVALID_RECORD', cause.message, { cause });
  }
}

/** The pieces of a batch. @throws {DamagedBatch} when its codec is none we know */
export function piecesOf(bytes: Buffer, header: BatchHeader) {
  const { baseOffset, codec } = header;
  if (codec > Codec.zstd) throw new DamagedBatch(baseOffset, 'UNSUPPORTED_CODEC', `codec ${codec}`);
  return openPieces(bytes, header);
}

// Records that are not as they should be, read as far as they can be understood. Kafka checks less of
// what it takes than a reader would wish, above all in batches that are not compressed.
import {
  emptyParts,
  Malformed,
  type RecordParts,
  readHeaders,
  skipHeader,
  varint,
  varintEnd,
  varlong,
} from './record-parts.ts';
import type { RecordBody } from './writer.ts';

/** Records looked at before others get their turn: a few milliseconds. */
const slice = 1 << 14;

/** Where the records of a piece stand, in the order of the offsets at which they are delivered. */
export type Places = {
  readonly starts: readonly number[];
  readonly deltas: readonly number[];
  /** By index: the record says another offset than the one at which it is delivered. */
  readonly astray: ReadonlySet<number>;
  /** Records end where their parts end, whatever they say of their length. */
  readonly byParts: boolean;
};

/**
 * Reads one field after the other up to the headers, never beyond `end`; what was read stays in `parts`
 * when one fails, and where in `bodyStart`.
 * @throws {Malformed}
 */
export function readFields(bytes: Buffer, start: number, end: number, parts: RecordParts): void {
  const number = (read: typeof varint) => {
    const value = parts.bodyStart < end ? read(bytes, parts.bodyStart) : 0;
    if (parts.bodyStart >= end || varintEnd > end) throw new Malformed('the record ends too early');
    parts.bodyStart = varintEnd;
    return value;
  };
  const field = (what: string) => {
    const length = number(varint);
    const from = parts.bodyStart;
    if (length > end - from) {
      throw new Malformed(`a ${what} of ${length} bytes where ${end - from} are left`);
    }
    parts.bodyStart += Math.max(length, 0);
    return length < 0 ? -1 : from;
  };
  parts.bodyStart = start + 1;
  parts.timestampDelta = number(varlong);
  parts.offsetDelta = number(varint);
  parts.keyStart = field('key');
  parts.keyEnd = parts.keyStart < 0 ? -1 : parts.bodyStart;
  parts.valueStart = field('value');
  parts.valueEnd = parts.valueStart < 0 ? -1 : parts.bodyStart;
  parts.headersStart = parts.bodyStart;
}

/** Reads the headers at `bodyStart`, in the same way. */
export function readHeaderParts(bytes: Buffer, end: number, parts: RecordParts): void {
  const count = parts.bodyStart < end ? varint(bytes, parts.bodyStart) : -1;
  if (count < 0) throw new Malformed(`${count} headers`);
  parts.bodyStart = varintEnd;
  parts.headersStart = varintEnd;
  for (; parts.headerCount < count; parts.headerCount++) {
    parts.bodyStart = skipHeader(bytes, parts.bodyStart, end);
  }
}

/**
 * Reads the record at `start` into `parts`, `bodyStart` being where understanding ended, and returns
 * what is wrong with it; null when nothing is. Where not even the value was found, it is all the rest.
 * @throws {Malformed} when the end of the record is not known
 */
function readOdd(
  bytes: Buffer,
  start: number,
  limit: number,
  byParts: boolean,
  parts: RecordParts,
): string | null {
  const length = varint(bytes, start);
  const from = varintEnd;
  const end = from + length;
  if (from > limit || (!byParts && (length < 0 || end > limit))) {
    throw new Malformed(`a record of ${length} bytes where ${limit - from} are left`);
  }
  Object.assign(parts, emptyParts(), {
    offsetDelta: -1,
    timestampDelta: 0,
    headersStart: -1,
    recordEnd: end,
  });
  try {
    readFields(bytes, from, byParts ? limit : end, parts);
    readHeaderParts(bytes, byParts ? limit : end, parts);
  } catch (error) {
    if (byParts || !(error instanceof Malformed)) throw error;
    if (parts.headersStart < 0) {
      parts.valueStart = Math.min(parts.bodyStart, end);
      parts.valueEnd = end;
    }
    return error.message;
  }
  if (byParts) parts.recordEnd = parts.bodyStart;
  const size = parts.bodyStart - from;
  return size === length ? null : `a length of ${length} where the parts take ${size}`;
}

/** What could be read of an odd record, as views. */
export function oddBodyOf(bytes: Buffer, parts: RecordParts): RecordBody {
  const view = (start: number, end: number) => (start < 0 ? null : bytes.subarray(start, end));
  return {
    key: view(parts.keyStart, parts.keyEnd),
    value: view(parts.valueStart, parts.valueEnd),
    headers: readHeaders(bytes, parts),
  };
}

type Limits = { readonly after: number; readonly last: number; readonly whole: boolean };

/**
 * Finds a place for every record between `start` and `end`. As Kafka's own consumer does it, a record is
 * delivered at the offset it says when that is above those before it. That consumer passes over a record
 * that repeats an offset or goes back, and one that claims an offset behind its batch it delivers at
 * the place of another. Here those get the offsets of the batch that nobody claims, and are at fault:
 * so no offset is delivered twice, and nothing is lost. In a batch that is read in pieces (not `whole`)
 * the free offsets are not known, and such a record is damage; Kafka takes none in compressed batches.
 * @throws {Malformed}
 */
function* findPlaces(
  bytes: Buffer,
  { start, end, count }: Stretch,
  { after, last, whole }: Limits,
  byParts: boolean,
): Generator<void, Places> {
  const parts = emptyParts();
  const own: number[] = [];
  const ownDeltas: number[] = [];
  const others: number[] = [];
  let greatest = after;
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at >= end) throw new Malformed(`${i} records where ${count} should be`);
    readOdd(bytes, at, end, byParts, parts);
    const delta = parts.offsetDelta;
    if (delta > greatest && delta <= last) {
      own.push(at);
      ownDeltas.push(delta);
      greatest = delta;
    } else if (whole) others.push(at);
    else throw new Malformed(`a record at +${delta} after +${greatest} of +${last}`);
    at = parts.recordEnd;
    if (i % slice === slice - 1) yield;
  }
  if (at !== end) throw new Malformed(`${end - at} bytes behind the last record`);
  if (others.length === 0) return { starts: own, deltas: ownDeltas, astray: new Set(), byParts };
  return yield* merge(own, ownDeltas, others, last, byParts);
}

function* merge(
  own: readonly number[],
  ownDeltas: readonly number[],
  others: readonly number[],
  last: number,
  byParts: boolean,
): Generator<void, Places> {
  const starts: number[] = [];
  const deltas: number[] = [];
  const astray = new Set<number>();
  let next = 0;
  for (let i = 0, delta = 0; i < own.length || next < others.length; ) {
    const isOwn = i < own.length && (ownDeltas[i] === delta || next === others.length);
    if (isOwn) delta = ownDeltas[i]!;
    else astray.add(starts.length);
    if (delta > last) throw new Malformed(`more than the ${last + 1} records there is room for`);
    starts.push(isOwn ? own[i++]! : others[next++]!);
    deltas.push(delta++);
    if (starts.length % slice === 0) yield;
  }
  return { starts, deltas, astray, byParts };
}

/** A row of records: from where to where, and how many. */
export type Stretch = { readonly start: number; readonly end: number; readonly count: number };

/**
 * The places of records that are not as they should be: by their parts, as Kafka goes when it takes a
 * compressed batch, which may be wrong about a length; where the parts of one make no sense, by the
 * lengths.
 * @throws {Malformed} when there is no way to tell where the records are
 */
export function* placeRecords(
  bytes: Buffer,
  stretch: Stretch,
  limits: Limits,
): Generator<void, Places> {
  try {
    // Of a piece only the lengths said that it ends where a record ends.
    if (limits.whole) return yield* findPlaces(bytes, stretch, limits, true);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
  }
  return yield* findPlaces(bytes, stretch, limits, false);
}

/** Reads the record of that index at its place; what is wrong with it, null when nothing is. */
export function readPlaced(
  bytes: Buffer,
  { starts, deltas, astray, byParts }: Places,
  index: number,
  limit: number,
  parts: RecordParts,
): string | null {
  const fault = readOdd(bytes, starts[index]!, limit, byParts, parts);
  if (!astray.has(index)) return fault;
  const words = `it says offset +${parts.offsetDelta}, which is not its own, in the place of +${deltas[index]}`;
  parts.offsetDelta = deltas[index]!;
  return fault === null ? words : `${fault}; ${words}`;
}

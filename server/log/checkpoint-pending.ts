// The long lists of a checkpoint: the orders that wait, and the ranges of lost offsets and gaps. Encoded by
// hand, because a hundred thousand orders may wait, and bounded, because it all has to fit into one record.
import { type AvroReader, MAX_LONG_BYTES, writeLong } from './avro-values.ts';
import type { CountedRange } from './offset-ranges.ts';

/** An order that waits: for its retry, or for its dead letter to be read back. */
export type PendingOrder = {
  readonly offset: number;
  readonly attempts: number;
  /** As the clock showed it, ms since 1970. */
  readonly firstFailedAt: number;
  /** Ms until its next attempt: not a time of day, so that a clock that is wrong delays nothing. */
  readonly dueIn: number;
  /** Why it was given up, if it was: the code of the reason. */
  readonly givenUp: GivenUp | null;
  readonly error: string;
};

/** The handler's reasons. All others follow from the record itself, so that they need not be written down. */
export type GivenUp = 'RETRIES_EXHAUSTED' | 'PERMANENT';

/** Each at the index that stands for it in a checkpoint. */
const GIVEN_UP: readonly (GivenUp | null)[] = [null, 'RETRIES_EXHAUSTED', 'PERMANENT'];

/** Ms, about 37 hours: more than the longest backoff, a day. */
const MAX_DUE_IN = 2 ** 27 - 1;
/** Ms, about half a year: what failed before that failed then, as far as a checkpoint says. */
const MAX_FAILED_AGO = 2 ** 34 - 1;

const LEFT_OUT = 'the text was left out of the checkpoint';

/** Avro binary of the array of ranges, with their counts. */
export function encodeRanges(ranges: readonly CountedRange[]): Buffer {
  return encodeItems(ranges.length, 3 * MAX_LONG_BYTES * ranges.length, (bytes, start) => {
    let at = start;
    for (const { from, to, count } of ranges) {
      at = writeLong(bytes, writeLong(bytes, writeLong(bytes, at, from), to), count);
    }
    return at;
  });
}

/** Reads what `encodeRanges` wrote, or ranges without counts, which are whole. */
export function readRanges(reader: AvroReader, counted: boolean): CountedRange[] {
  const ranges: CountedRange[] = [];
  reader.items(() => {
    const from = reader.long();
    const to = reader.long();
    ranges.push({ from, to, count: counted ? reader.long() : to - from });
  });
  return ranges;
}

/**
 * Avro binary of the arrays `errors` and `pending`. The texts take up to `room(bytes of the orders)`
 * bytes, the first orders' texts having the first claim; the others are left out.
 */
export function encodePending(
  pending: readonly PendingOrder[],
  { nextOffset, writtenAt }: { nextOffset: number; writtenAt: number },
  room: (pendingBytes: number) => number,
): Buffer[] {
  const texts = new Map<string, number>();
  const refs = pending.map(({ error }) => refTo(texts, error));
  const most = pending.length * 5 * MAX_LONG_BYTES;
  const write = (refs: readonly number[]) =>
    encodeItems(pending.length, most, (bytes, start) => {
      let at = start;
      for (let i = 0; i < pending.length; i += 1) {
        const order = pending[i]!;
        at = writeLong(bytes, at, nextOffset - order.offset);
        at = writeLong(bytes, at, order.attempts);
        at = writeLong(bytes, at, within(writtenAt - order.firstFailedAt, MAX_FAILED_AGO));
        at = writeLong(bytes, at, within(order.dueIn, MAX_DUE_IN));
        at = writeLong(bytes, at, refs[i]! * GIVEN_UP.length + GIVEN_UP.indexOf(order.givenUp));
      }
      return at;
    });
  const orders = write(refs);
  const budget = room(orders.length);
  const kept = new Map<string, number>();
  let bytes = 0;
  const places = [...texts.keys()].map((text) => {
    const size = Buffer.byteLength(text) + MAX_LONG_BYTES;
    if (bytes + size > budget) return refTo(kept, LEFT_OUT);
    bytes += size;
    return refTo(kept, text);
  });
  const all = kept.size === texts.size;
  return [encodeTexts([...kept.keys()]), all ? orders : write(refs.map((ref) => places[ref]!))];
}

function refTo(texts: Map<string, number>, text: string): number {
  let ref = texts.get(text);
  if (ref === undefined) {
    ref = texts.size;
    texts.set(text, ref);
  }
  return ref;
}

function within(ms: number, most: number): number {
  return Math.min(most, Math.max(0, Math.round(ms)));
}

function encodeTexts(texts: readonly string[]): Buffer {
  const most = texts.reduce((sum, text) => sum + 3 * text.length + MAX_LONG_BYTES, 0);
  return encodeItems(texts.length, most, (bytes, start) => {
    let at = start;
    for (const text of texts) {
      at = writeLong(bytes, at, Buffer.byteLength(text));
      at += bytes.write(text, at);
    }
    return at;
  });
}

/** One block of items, if there are any, and the end of the array. */
function encodeItems(
  count: number,
  mostBytes: number,
  write: (bytes: Buffer, at: number) => number,
): Buffer {
  const bytes = Buffer.allocUnsafe(mostBytes + 2 * MAX_LONG_BYTES);
  const end = count === 0 ? 0 : write(bytes, writeLong(bytes, 0, count));
  bytes[end] = 0;
  return bytes.subarray(0, end + 1);
}

/** Reads the arrays `errors` and `pending`; version 1 did not know what was given up. */
export function decodePending(
  reader: AvroReader,
  { nextOffset, writtenAt, version }: { nextOffset: number; writtenAt: number; version: number },
): PendingOrder[] {
  const errors: string[] = [];
  const pending: PendingOrder[] = [];
  reader.items(() => void errors.push(reader.text()));
  reader.items(() => {
    const offset = nextOffset - reader.long();
    const attempts = reader.long();
    const firstFailedAt = writtenAt - reader.long();
    const dueIn = Math.max(0, reader.long());
    const ref = reader.long();
    const kinds = version > 1 ? GIVEN_UP.length : 1;
    const error = errors[Math.floor(ref / kinds)];
    const givenUp = GIVEN_UP[ref % kinds] ?? null;
    if (error === undefined) throw new RangeError('an error text that is not there');
    pending.push({ offset, attempts, firstFailedAt, dueIn, givenUp, error });
  });
  return pending;
}

// The checkpoint: what is true of one partition of orders, as one Avro value.
import { readFileSync } from 'node:fs';
import avro from 'avsc';
import { InconsistentStateError } from '../errors.ts';
import type { Averages } from './averages.ts';
import {
  decodeProducts,
  diffProducts,
  encodeProducts,
  type ProductChange,
  skipIntegers,
} from './checkpoint-arrays.ts';

export const CHECKPOINT_VERSION = 1;

/** Offsets from `from` up to, not including, `to`. */
export type OffsetRange = { from: number; to: number };

/** An order that waits: for its retry, or for its dead letter to be read back. Times in ms since 1970. */
export type PendingOrder = {
  readonly offset: number;
  readonly attempts: number;
  readonly firstFailedAt: number;
  readonly dueAt: number;
  readonly error: string;
};

/** The first fields of a checkpoint, readable in every version without decoding the rest. */
export type CheckpointStamp = {
  readonly version: number;
  readonly group: string;
  readonly nextOffset: number;
  readonly deadLetterOffset: number;
  readonly generation: number;
  readonly ownerStartedAt: number;
  readonly owner: string;
  readonly pendingCount: number;
};

/** See avro/checkpoint.avsc for the meaning of each member. */
export type Checkpoint = Omit<CheckpointStamp, 'version' | 'pendingCount'> & {
  readonly topic: string;
  readonly partition: number;
  readonly writtenAt: number;
  readonly start: number;
  readonly highWatermark: number;
  readonly deadLettered: number;
  readonly gaps: number;
  readonly corrections: number;
  readonly retries: number;
  readonly restarts: number;
  readonly lost: readonly OffsetRange[];
  readonly pending: readonly PendingOrder[];
  readonly averages: Averages;
};

/** A checkpoint without what waits and what is sold. */
export type CheckpointSummary = Omit<Checkpoint, 'pending' | 'averages'> & {
  readonly pendingCount: number;
};

/** The products of a checkpoint that has none. */
export const NO_PRODUCTS = Buffer.of(0);

const PENDING_FIELDS = 5;
type WirePending = {
  behind: number;
  attempts: number;
  failedAgo: number;
  dueIn: number;
  error: number;
};
/** All fields but the last, the products. */
type Wire = Omit<Checkpoint, 'pending' | 'averages'> &
  CheckpointStamp & { errors: string[]; pending: WirePending[] };

const schema = JSON.parse(
  readFileSync(new URL(import.meta.resolve('#avro/checkpoint.avsc')), 'utf8'),
) as { fields: { name: string }[] };
const stampFields = 1 + schema.fields.findIndex(({ name }) => name === 'pendingCount');
const stampType = typeOfFirst(stampFields, 'CheckpointStamp');
const summaryType = typeOfFirst(schema.fields.length - 2, 'CheckpointSummary');
const headType = typeOfFirst(schema.fields.length - 1, 'CheckpointHead');

/** Avro puts fields one after the other, so the first of them are a record of their own. */
function typeOfFirst(count: number, name: string): avro.Type {
  const fields = schema.fields.slice(0, count);
  return avro.Type.forSchema({ ...schema, name, fields } as avro.Schema);
}

/** Avro binary of a checkpoint. */
export function encodeCheckpoint(checkpoint: Checkpoint): Buffer {
  const { pending, averages, ...rest } = checkpoint;
  const { writtenAt, nextOffset } = checkpoint;
  const errors = new Map<string, number>();
  const wirePending: WirePending[] = [];
  for (const order of pending) {
    let error = errors.get(order.error);
    if (error === undefined) {
      error = errors.size;
      errors.set(order.error, error);
    }
    wirePending.push({
      behind: nextOffset - order.offset,
      attempts: order.attempts,
      failedAgo: writtenAt - order.firstFailedAt,
      dueIn: order.dueAt - writtenAt,
      error,
    });
  }
  const wire: Wire = {
    ...rest,
    version: CHECKPOINT_VERSION,
    pendingCount: wirePending.length,
    errors: [...errors.keys()],
    pending: wirePending,
  };
  return Buffer.concat([headType.toBuffer(wire), encodeProducts(averages)]);
}

/** Decodes the first fields. Throws InconsistentStateError when there are none, or of a newer version. */
export function decodeStamp(bytes: Buffer): CheckpointStamp {
  const version = bytes.length > 0 ? bytes[0]! >> 1 : 0;
  if (version > CHECKPOINT_VERSION) {
    throw new InconsistentStateError(
      `checkpoint of version ${version}: this service reads up to ${CHECKPOINT_VERSION}, start the newer one`,
    );
  }
  const { value, offset } = stampType.decode(bytes, 0) as {
    value: CheckpointStamp;
    offset: number;
  };
  if (offset < 0 || version < 1) throw undecodable(bytes);
  return value;
}

/** Decodes a whole checkpoint. Throws InconsistentStateError when it is none, or of a newer version. */
export function decodeCheckpoint(bytes: Buffer): Checkpoint {
  decodeStamp(bytes);
  const { value, offset } = headType.decode(bytes, 0) as { value: Wire; offset: number };
  if (offset < 0) throw undecodable(bytes);
  const { version, pendingCount, errors, pending, ...rest } = value;
  const { writtenAt, nextOffset } = rest;
  return {
    ...rest,
    pending: pending.map((order) => ({
      offset: nextOffset - order.behind,
      attempts: order.attempts,
      firstFailedAt: writtenAt - order.failedAgo,
      dueAt: writtenAt + order.dueIn,
      error: errors[order.error] ?? '',
    })),
    averages: readable(bytes, () => decodeProducts(bytes.subarray(offset))),
  };
}

/**
 * The summary of a checkpoint, and its products as they stand there, for `productChanges`. Throws
 * InconsistentStateError as decodeCheckpoint does.
 */
export function decodeSummary(bytes: Buffer): { summary: CheckpointSummary; products: Buffer } {
  decodeStamp(bytes);
  const { value, offset } = summaryType.decode(bytes, 0) as { value: Wire; offset: number };
  if (offset < 0) throw undecodable(bytes);
  const { version, errors, ...summary } = value;
  const productsAt = readable(bytes, () => skipIntegers(bytes, offset, PENDING_FIELDS));
  return { summary, products: bytes.subarray(productsAt) };
}

/** Where the `products` of two checkpoints differ, in steps; the first may be NO_PRODUCTS. */
export function* productChanges(
  before: Buffer,
  after: Buffer,
): Generator<undefined, ProductChange[]> {
  try {
    return yield* diffProducts(before, after);
  } catch (cause) {
    throw cause instanceof RangeError ? undecodable(after, cause) : cause;
  }
}

function readable<T>(bytes: Buffer, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw undecodable(bytes, cause);
  }
}

function undecodable(bytes: Buffer, cause?: unknown): InconsistentStateError {
  const message = `a checkpoint of ${bytes.length} bytes cannot be decoded`;
  return new InconsistentStateError(message, { cause });
}

/**
 * Whether `next`, read after `head`, takes its place: it is behind in neither log. Of two that stand
 * at the same place the one with fewer orders pending knows more.
 */
export function succeeds(next: CheckpointStamp, head: CheckpointStamp): boolean {
  if (next.nextOffset < head.nextOffset || next.deadLetterOffset < head.deadLetterOffset)
    return false;
  const same =
    next.nextOffset === head.nextOffset && next.deadLetterOffset === head.deadLetterOffset;
  return !same || next.pendingCount <= head.pendingCount;
}

/** How many offsets the ranges hold. */
export function lostCount(ranges: readonly OffsetRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}

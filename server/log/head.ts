// The head of a partition's checkpoints, and whose state it is.

import { InconsistentStateError } from '../errors.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { abortable } from './abortable.ts';
import { type Checkpoint, decodeCheckpoint } from './checkpoint.ts';
import {
  type CheckpointStamp,
  expectKnownVersion,
  type PlacedStamp,
  readStamp,
  succeeds,
  undecodable,
} from './checkpoint-stamp.ts';
import type { Clock } from './clock.ts';
import { type Bounds, type LogReader, nameOf, type TopicPartition } from './ports.ts';
import { readRange } from './walk.ts';

/** The three logs of one partition, and whose state it is. */
export type TaskLogs = {
  readonly orders: TopicPartition;
  readonly deadLetters: TopicPartition;
  readonly checkpoints: TopicPartition;
  readonly group: string;
};

/** What reading them takes; waiting for Kafka ends when `signal` is aborted. */
export type LogAccess = {
  readonly logs: TaskLogs;
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/** The checkpoint that all go on from, and the one that it leans on, if it does. */
export type Head = {
  readonly checkpoint: Checkpoint;
  readonly offset: number;
  readonly base: Checkpoint | null;
};

/**
 * The head, null when there is no checkpoint. Rejects with InconsistentStateError when what stands there
 * is of others, of a newer program, or damaged, or leans on what is gone.
 */
export async function readHead(deps: LogAccess): Promise<Head | null> {
  const { logs } = deps;
  const { low, high } = await boundsOf(deps, logs.checkpoints);
  let head: { stamp: PlacedStamp; bytes: Buffer } | null = null;
  let strange: Buffer | null = null;
  await readRange(deps, logs.checkpoints, { from: low, to: high }, (cursor) => {
    const bytes = valueUnder(cursor);
    const stamp = stampOf(bytes, logs.group, logs.checkpoints);
    if (stamp === null) {
      strange = Buffer.from(bytes);
      return;
    }
    const placed = { ...stamp, offset: cursor.offset };
    if (head === null || succeeds(placed, head.stamp)) {
      head = { stamp: placed, bytes: Buffer.from(bytes) };
    }
  });
  const found = head as { stamp: PlacedStamp; bytes: Buffer } | null;
  const base = found === null ? null : await readBase(deps, found.stamp);
  // An owner that trimmed the log under our eyes may have taken what we were to find.
  if ((await boundsOf(deps, logs.checkpoints)).low > low) return readHead(deps);
  if (found === null) {
    // From a log in which nothing was deleted yet, "none" is the truth; else a head was there once.
    if (strange !== null && low > 0) throw undecodable(strange);
    return null;
  }
  const checkpoint = decodeCheckpoint(found.bytes);
  checkOwner(checkpoint, logs);
  const { offset } = found.stamp;
  if (checkpoint.base >= 0) checkBase(checkpoint, base, logs);
  return { checkpoint, offset, base };
}

/** The checkpoint that another leans on; null when it leans on none, or that is gone. */
async function readBase(deps: LogAccess, { base }: PlacedStamp): Promise<Checkpoint | null> {
  let found: Buffer | null = null;
  if (base < 0) return null;
  await readRange(deps, deps.logs.checkpoints, { from: base, to: base + 1 }, (cursor) => {
    found = Buffer.from(valueUnder(cursor));
  });
  return found === null ? null : decodeCheckpoint(found);
}

function checkBase(head: Checkpoint, base: Checkpoint | null, logs: TaskLogs): void {
  const where = `offset ${head.base} of ${nameOf(logs.checkpoints)}`;
  if (base === null) {
    throw new InconsistentStateError(`the head leans on a checkpoint at ${where}, which is gone`);
  }
  checkOwner(base, logs);
  const isBefore =
    base.nextOffset <= head.nextOffset && base.deadLetterOffset <= head.deadLetterOffset;
  // A base may be older than the broker's knowledge of ids; an id that is known once stays known.
  const isSameTopic = base.topicId === null || base.topicId === head.topicId;
  const isSame = isSameTopic && base.start === head.start;
  if (base.base >= 0 || !isBefore || !isSame) {
    throw new InconsistentStateError(`what stands at ${where} is not what the head leans on`);
  }
}

/**
 * The stamp of a record of a checkpoint topic; null when no program of ours has written it, and it is to
 * be passed over. That is safe. Kafka guards its records by checksums, so these bytes are what somebody
 * wrote, and every checkpoint of ours has a sound stamp. Even if one had been spoilt before it was sent,
 * the older head that is taken in its place is as true a statement about the logs, and it is still
 * there: a task deletes nothing but what lies below a checkpoint of its own that it has read back, stamp
 * and all. So a checkpoint with a sound stamp is never passed over, whatever else is wrong with it.
 *
 * Throws InconsistentStateError when it is of another group, for two groups in one topic would delete
 * each other's checkpoints; and when it is of a newer version, whose sums would be counted anew.
 */
export function stampOf(bytes: Buffer, group: string, tp: TopicPartition): CheckpointStamp | null {
  const stamp = readStamp(bytes);
  if (stamp === null) return null;
  if (stamp.group !== group) throw foreignState(tp, `group ${stamp.group}`, `group ${group}`);
  expectKnownVersion(stamp);
  return stamp;
}

/** The value of the record under the cursor, empty when it has none; a view. */
export function valueUnder({ bytes, valueStart, valueEnd }: RecordCursor): Buffer {
  return valueStart < 0 ? bytes.subarray(0, 0) : bytes.subarray(valueStart, valueEnd);
}

/** First and next offset of a log now; waits for Kafka, but not when `signal` is aborted. */
export function boundsOf(
  { reader, signal }: { reader: LogReader; signal: AbortSignal },
  tp: TopicPartition,
): Promise<Bounds> {
  return abortable(signal, reader.bounds(tp));
}

function checkOwner(head: Checkpoint, { orders, checkpoints }: TaskLogs): void {
  if (head.topic === orders.topic && head.partition === orders.partition) return;
  throw foreignState(checkpoints, nameOf(head), nameOf(orders));
}

function foreignState(tp: TopicPartition, found: string, wanted: string): InconsistentStateError {
  return new InconsistentStateError(
    `${nameOf(tp)} holds the state of ${found}, not of ${wanted}: set CHECKPOINT_TOPIC`,
  );
}

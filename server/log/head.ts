// The head of a partition's checkpoints, and whose state it is.

import { InconsistentStateError } from '../errors.ts';
import { abortable } from './abortable.ts';
import {
  type Checkpoint,
  decodeCheckpoint,
  decodeStamp,
  type PlacedStamp,
  succeeds,
} from './checkpoint.ts';
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

type Deps = { logs: TaskLogs; reader: LogReader; clock: Clock; signal: AbortSignal };

/** The checkpoint that all go on from, and the one that it leans on, if it does. */
export type Head = {
  readonly checkpoint: Checkpoint;
  readonly offset: number;
  readonly base: Checkpoint | null;
};

/**
 * The head, null when there is no checkpoint. Rejects with InconsistentStateError when what stands there
 * is none, or of others, or leans on what is gone.
 */
export async function readHead(deps: Deps): Promise<Head | null> {
  const { logs } = deps;
  const { low, high } = await boundsOf(deps, logs.checkpoints);
  let head: { stamp: PlacedStamp; bytes: Buffer } | null = null;
  await readRange(deps, logs.checkpoints, { from: low, to: high }, (cursor) => {
    const bytes = cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd);
    const stamp = { ...decodeStamp(bytes), offset: cursor.offset };
    if (head === null || succeeds(stamp, head.stamp)) head = { stamp, bytes: Buffer.from(bytes) };
  });
  const found = head as { stamp: PlacedStamp; bytes: Buffer } | null;
  const base = found === null ? null : await readBase(deps, found.stamp);
  // An owner that trimmed the log under our eyes may have taken what we were to find.
  if ((await boundsOf(deps, logs.checkpoints)).low > low) return readHead(deps);
  if (found === null) return null;
  const checkpoint = decodeCheckpoint(found.bytes);
  checkOwner(checkpoint, logs);
  const { offset } = found.stamp;
  if (checkpoint.base >= 0) checkBase(checkpoint, base, logs);
  return { checkpoint, offset, base };
}

/** The checkpoint that another leans on; null when it leans on none, or that is gone. */
async function readBase(deps: Deps, { base }: PlacedStamp): Promise<Checkpoint | null> {
  let found: Buffer | null = null;
  if (base < 0) return null;
  await readRange(deps, deps.logs.checkpoints, { from: base, to: base + 1 }, (cursor) => {
    found = Buffer.from(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd));
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
  const isSame = base.topicId === head.topicId && base.start === head.start;
  if (base.base >= 0 || !isBefore || !isSame) {
    throw new InconsistentStateError(`what stands at ${where} is not what the head leans on`);
  }
}

/** First and next offset of a log now; waits for Kafka, but not when `signal` is aborted. */
export function boundsOf(
  { reader, signal }: { reader: LogReader; signal: AbortSignal },
  tp: TopicPartition,
): Promise<Bounds> {
  return abortable(signal, reader.bounds(tp));
}

function checkOwner(head: Checkpoint, { group, orders, checkpoints }: TaskLogs): void {
  checkGroup(head, group, checkpoints);
  if (head.topic === orders.topic && head.partition === orders.partition) return;
  throw foreignState(checkpoints, nameOf(head), nameOf(orders));
}

/** Throws InconsistentStateError when a checkpoint in the log `tp` is of another group. */
export function checkGroup(stamp: { group: string }, group: string, tp: TopicPartition): void {
  if (stamp.group !== group) throw foreignState(tp, `group ${stamp.group}`, `group ${group}`);
}

function foreignState(tp: TopicPartition, found: string, wanted: string): InconsistentStateError {
  return new InconsistentStateError(
    `${nameOf(tp)} holds the state of ${found}, not of ${wanted}: set CHECKPOINT_TOPIC`,
  );
}

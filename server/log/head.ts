// The head of a partition's checkpoints, and whose state it is.

import { InconsistentStateError } from '../errors.ts';
import { abortable } from './abortable.ts';
import {
  type Checkpoint,
  type CheckpointStamp,
  decodeCheckpoint,
  decodeStamp,
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

/** What reading them takes; waiting for Kafka ends when `signal` is aborted. */
export type LogAccess = {
  readonly logs: TaskLogs;
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/**
 * The checkpoint that all go on from, null when there is none. Rejects with InconsistentStateError when
 * what stands there is none, or of others.
 */
export async function readHead(deps: LogAccess): Promise<Checkpoint | null> {
  const { logs } = deps;
  const { low, high } = await boundsOf(deps, logs.checkpoints);
  let head: { stamp: CheckpointStamp; bytes: Buffer } | null = null;
  await readRange(deps, logs.checkpoints, { from: low, to: high }, (cursor) => {
    const bytes = cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd);
    const stamp = decodeStamp(bytes);
    if (head === null || succeeds(stamp, head.stamp)) head = { stamp, bytes: Buffer.from(bytes) };
  });
  // An owner that trimmed the log under our eyes may have taken the head that we were to find.
  if ((await boundsOf(deps, logs.checkpoints)).low > low) return readHead(deps);
  const found = head as { bytes: Buffer } | null;
  if (found === null) return null;
  const checkpoint = decodeCheckpoint(found.bytes);
  checkOwner(checkpoint, logs);
  return checkpoint;
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

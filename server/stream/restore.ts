// A task's state from Kafka alone: the head checkpoint, the dead letters, the pending orders.
import {
  type Checkpoint,
  type CheckpointStamp,
  decodeCheckpoint,
  decodeStamp,
  type OffsetRange,
  succeeds,
} from '../domain/checkpoint.ts';
import { ORIGIN_HEADERS, readOrigin } from '../domain/dead-letter.ts';
import { decodeOrder, isFault } from '../domain/order.ts';
import { InconsistentStateError } from '../errors.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { pickHeaders } from '../record-batch/record-parts.ts';
import type { Clock } from './clock.ts';
import {
  createLedger as createPlainLedger,
  emptyState,
  type Ledger,
  type LedgerState,
} from './ledger.ts';
import { type LogReader, nameOf, type TopicPartition } from './log.ts';
import type { Logger } from './logger.ts';
import type { PendingOrder } from './pending-order.ts';
import { readRange, recreated } from './walk.ts';

/** The three logs of one partition, and whose state it is. */
export type TaskLogs = {
  readonly orders: TopicPartition;
  readonly deadLetters: TopicPartition;
  readonly checkpoints: TopicPartition;
  readonly group: string;
};

type Deps = {
  logs: TaskLogs;
  reader: LogReader;
  clock: Clock;
  logger: Logger;
  maxBackoffMs: number;
  createLedger?: (state: LedgerState<PendingOrder>) => Ledger<PendingOrder>;
};

export type Restored = {
  ledger: Ledger<PendingOrder>;
  retries: number;
  /** Restores since the position last moved, this one included when there was something to read. */
  restarts: number;
};

/**
 * Restores the state of a task. Waits for Kafka; rejects with InconsistentStateError when going on
 * would give wrong numbers.
 */
export async function restore(deps: Deps): Promise<Restored> {
  const { logs, reader, logger, createLedger = createPlainLedger } = deps;
  const head = await readHead(deps);
  const { low, high } = await reader.bounds(logs.orders);
  if (head !== null) checkOwner(head, logs);
  if (head !== null && head.nextOffset > high) throw recreated(logs.orders, head.nextOffset, high);
  const state = head === null ? emptyState<PendingOrder>(low) : stateOf(head);
  const waiting = head?.pending ?? [];
  const ledger = createLedger(state);
  for (const { offset } of waiting) state.pending.set(offset, placeholder(offset));
  await readDeadLetters(deps, ledger);
  await readPending(deps, ledger, waiting);
  if (state.nextOffset < low) {
    logger.error('orders were removed by retention before they were read', {
      ...logs.orders,
      from: state.nextOffset,
      to: low,
    });
    ledger.lose(low);
  }
  const unread = state.nextOffset < high ? 1 : 0;
  return { ledger, retries: head?.retries ?? 0, restarts: (head?.restarts ?? 0) + unread };
}

async function readHead(deps: Deps): Promise<Checkpoint | null> {
  const { logs, reader, clock } = deps;
  const { low, high } = await reader.bounds(logs.checkpoints);
  let head: { stamp: CheckpointStamp; bytes: Buffer } | null = null;
  await readRange(reader, clock, logs.checkpoints, { from: low, to: high }, (cursor) => {
    const bytes = cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd);
    const stamp = decodeStamp(bytes);
    if (head === null || succeeds(stamp, head.stamp)) head = { stamp, bytes: Buffer.from(bytes) };
  });
  // An owner that trimmed the log under our eyes may have taken the head that we were to find.
  if ((await reader.bounds(logs.checkpoints)).low > low) return readHead(deps);
  const found = head as { bytes: Buffer } | null;
  return found === null ? null : decodeCheckpoint(found.bytes);
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

function stateOf(head: Checkpoint): LedgerState<PendingOrder> {
  const { start, nextOffset, deadLetterOffset, deadLettered, gaps, corrections } = head;
  return {
    start,
    nextOffset,
    deadLetterOffset,
    deadLettered,
    gaps,
    corrections,
    lost: [...head.lost],
    averages: head.averages,
    pending: new Map(),
  };
}

/** Stands in S until the bytes of the order have been read again. */
function placeholder(offset: number): PendingOrder {
  return {
    record: { offset, timestamp: -1, body: Buffer.alloc(0) },
    attempts: 0,
    firstFailedAt: 0,
    lastFailedAt: 0,
    dueAt: 0,
    error: '',
  };
}

/** Whether an order that was counted here was given up elsewhere can be known no more. */
export function warnOfUnread(logger: Logger, { deadLetters }: TaskLogs, range: OffsetRange): void {
  const message = 'dead letters were removed by retention before they were read';
  logger.error(message, { ...deadLetters, ...range });
}

async function readDeadLetters(deps: Deps, ledger: Ledger<PendingOrder>): Promise<void> {
  const { logs, reader, clock, logger } = deps;
  const { low, high } = await reader.bounds(logs.deadLetters);
  const from = ledger.state.deadLetterOffset;
  if (from > high) throw recreated(logs.deadLetters, from, high);
  if (from > 0 && from < low) warnOfUnread(logger, logs, { from, to: low });
  await readRange(reader, clock, logs.deadLetters, { from: low, to: high }, (cursor) => {
    followDeadLetter(cursor, logs, ledger);
  });
}

/** Tells the ledger of the dead-letter record under the cursor; the pending order that it ends. */
export function followDeadLetter(
  cursor: RecordCursor,
  logs: TaskLogs,
  ledger: Ledger<PendingOrder>,
): PendingOrder | undefined {
  const { offset, bytes, valueStart, valueEnd } = cursor;
  const from = readOrigin(pickHeaders(bytes, cursor, ORIGIN_HEADERS));
  const ours =
    from !== null &&
    from.group === logs.group &&
    from.origin.topic === logs.orders.topic &&
    from.origin.partition === logs.orders.partition;
  return ledger.readDeadLetter(offset, ours ? from.origin.offset : null, () => {
    const order = valueStart < 0 ? null : decodeOrder(bytes, valueStart, valueEnd);
    return order === null || isFault(order) ? null : order;
  });
}

async function readPending(
  { logs, reader, clock, logger, maxBackoffMs }: Deps,
  ledger: Ledger<PendingOrder>,
  waiting: Checkpoint['pending'],
): Promise<void> {
  const { state } = ledger;
  const latest = clock.now() + maxBackoffMs;
  const missing = new Map(
    waiting.filter(({ offset }) => state.pending.has(offset)).map((order) => [order.offset, order]),
  );
  if (missing.size === 0) return;
  const visit = (cursor: RecordCursor) => {
    const order = missing.get(cursor.offset);
    if (order === undefined) return;
    missing.delete(cursor.offset);
    const { attempts, firstFailedAt, error } = order;
    const dueAt = Math.min(order.dueAt, latest);
    state.pending.set(cursor.offset, {
      record: cursor.copy(),
      attempts,
      firstFailedAt,
      lastFailedAt: firstFailedAt,
      dueAt,
      error,
    });
  };
  const stretches = stretchesOf([...missing.keys()], state.nextOffset, state.lost);
  for (const stretch of stretches) await readRange(reader, clock, logs.orders, stretch, visit);
  if (missing.size === 0) return;
  logger.error('pending orders were removed by retention', { ...logs.orders, count: missing.size });
  for (const offset of missing.keys()) ledger.losePending(offset);
}

/**
 * From where to where to read for the records at `offsets` below `end`, without what is lost: a damaged
 * batch may stand there.
 */
function stretchesOf(offsets: number[], end: number, lost: readonly OffsetRange[]): OffsetRange[] {
  const wanted = offsets.sort((a, b) => a - b);
  const gaps = [...lost].sort((a, b) => a.from - b.from);
  const stretches: OffsetRange[] = [];
  let at = 0;
  for (const gap of [...gaps, { from: end, to: end }]) {
    const from = wanted[at];
    if (from === undefined) break;
    if (from >= gap.from) continue;
    stretches.push({ from, to: gap.from });
    while (at < wanted.length && wanted[at]! < gap.from) at += 1;
  }
  return stretches;
}

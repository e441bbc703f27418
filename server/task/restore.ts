// A task's state from Kafka alone: the head checkpoint, the dead letters, the pending orders.

import { abortable } from '../log/abortable.ts';
import type { Checkpoint, Fingerprint } from '../log/checkpoint.ts';
import type { Clock } from '../log/clock.ts';
import { ORIGIN_HEADERS, readOrigin } from '../log/dead-letter.ts';
import { boundsOf, readHead, type TaskLogs } from '../log/head.ts';
import type { Logger } from '../log/logger.ts';
import { type CountedRange, isExact, type OffsetRange } from '../log/offset-ranges.ts';
import type { LogReader, TopicPartition } from '../log/ports.ts';
import { readRange, recreated } from '../log/walk.ts';
import { decodeOrder, isFault } from '../orders/order.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { pickHeaders } from '../record-batch/record-parts.ts';
import { type Identity, identify } from './identity.ts';
import {
  createLedger as createPlainLedger,
  emptyState,
  type Ledger,
  type LedgerState,
} from './ledger.ts';
import type { PendingOrder } from './pending.ts';

type Deps = {
  logs: TaskLogs;
  reader: LogReader;
  clock: Clock;
  logger: Logger;
  maxBackoffMs: number;
  /** Ends the restore at once. */
  signal: AbortSignal;
  createLedger?: (state: LedgerState<PendingOrder>) => Ledger<PendingOrder>;
};

/** Which topics the offsets are of. */
export type Identities = { readonly orders: Identity; readonly deadLetters: Identity };

export type Restored = {
  ledger: Ledger<PendingOrder>;
  identities: Identities;
  retries: number;
  /** Restores since the position last moved, this one included when there was something to read. */
  restarts: number;
};

/**
 * Restores the state of a task. Waits for Kafka; rejects with InconsistentStateError when going on
 * would give wrong numbers, and when the signal is aborted.
 */
export async function restore(deps: Deps): Promise<Restored> {
  const { logs, logger, createLedger = createPlainLedger } = deps;
  // Before anything is read, so that a topic that is created anew meanwhile is another one.
  const ids = await idsOf(deps);
  const head = await readHead(deps);
  const identities = await identifyBoth(deps, ids, head);
  const { low, high } = await boundsOf(deps, logs.orders);
  if (head !== null && head.nextOffset > high) throw recreated(logs.orders, head.nextOffset, high);
  const state = head === null ? emptyState<PendingOrder>(low) : stateOf(head);
  const waiting = head?.pending ?? [];
  const ledger = createLedger(state);
  for (const { offset } of waiting) state.pending.set(offset, placeholder(offset));
  await readDeadLetters(deps, ledger, identities.deadLetters);
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
  const restarts = (head?.restarts ?? 0) + unread;
  return { ledger, identities, retries: head?.retries ?? 0, restarts };
}

type Ids = { readonly orders: string | null; readonly deadLetters: string | null };

async function idsOf({ logs, reader, signal }: Deps): Promise<Ids> {
  const orders = await abortable(signal, reader.topicId(logs.orders.topic));
  const deadLetters = await abortable(signal, reader.topicId(logs.deadLetters.topic));
  return { orders, deadLetters };
}

async function identifyBoth(deps: Deps, ids: Ids, head: Checkpoint | null): Promise<Identities> {
  const { logs, signal } = deps;
  const identity = (
    tp: TopicPartition,
    id: string | null,
    fingerprint: Fingerprint | null = null,
  ) => abortable(signal, identify(deps, tp, { id, fingerprint }));
  return {
    orders: await identity(logs.orders, head?.topicId ?? ids.orders, head?.fingerprint),
    deadLetters: await identity(
      logs.deadLetters,
      head?.deadLetterTopicId ?? ids.deadLetters,
      head?.deadLetterFingerprint,
    ),
  };
}

function stateOf(head: Checkpoint): LedgerState<PendingOrder> {
  const { start, nextOffset, deadLetterOffset, deadLettered, corrections } = head;
  return {
    start,
    nextOffset,
    deadLetterOffset,
    deadLettered,
    corrections,
    gapRanges: [...head.gapRanges],
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

async function readDeadLetters(
  deps: Deps,
  ledger: Ledger<PendingOrder>,
  identity: Identity,
): Promise<void> {
  const { logs, logger } = deps;
  const { low, high } = await boundsOf(deps, logs.deadLetters);
  const from = ledger.state.deadLetterOffset;
  if (from > high) throw recreated(logs.deadLetters, from, high);
  if (from > 0 && from < low) warnOfUnread(logger, logs, { from, to: low });
  await readRange(deps, logs.deadLetters, { from: low, to: high }, (cursor) => {
    followDeadLetter(cursor, logs, ledger);
    identity.note(cursor);
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

/** Their times go on where they stood when they were written down: no clock was running meanwhile. */
async function readPending(
  deps: Deps,
  ledger: Ledger<PendingOrder>,
  waiting: Checkpoint['pending'],
): Promise<void> {
  const { logs, clock, logger, maxBackoffMs } = deps;
  const { state } = ledger;
  const missing = new Map(
    waiting.filter(({ offset }) => state.pending.has(offset)).map((order) => [order.offset, order]),
  );
  if (missing.size === 0) return;
  const visit = (cursor: RecordCursor) => {
    const order = missing.get(cursor.offset);
    if (order === undefined) return;
    missing.delete(cursor.offset);
    const { attempts, firstFailedAt, error } = order;
    const dueAt = clock.monotonic() + Math.min(order.dueIn, maxBackoffMs);
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
  for (const stretch of stretches) await readRange(deps, logs.orders, stretch, visit);
  if (missing.size === 0) return;
  logger.error('pending orders were removed by retention', { ...logs.orders, count: missing.size });
  for (const offset of missing.keys()) ledger.losePending(offset);
}

/**
 * From where to where to read for the records at `offsets` below `end`, without what is lost: a damaged
 * batch may stand there. Of ranges that were put together it is not known what is lost.
 */
function stretchesOf(offsets: number[], end: number, lost: readonly CountedRange[]): OffsetRange[] {
  const wanted = offsets.sort((a, b) => a - b);
  const gaps = lost.filter(isExact);
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

// A task's state from Kafka alone: the head checkpoint, the dead letters, the pending orders.

import { InconsistentStateError } from '../errors.ts';
import { abortable } from '../log/abortable.ts';
import type { Checkpoint, Fingerprint } from '../log/checkpoint.ts';
import type { Clock } from '../log/clock.ts';
import { ORIGIN_HEADERS, readOrigin } from '../log/dead-letter.ts';
import { Fault } from '../log/fault.ts';
import type { Fold } from '../log/fold.ts';
import { boundsOf, readHead, type TaskLogs } from '../log/head.ts';
import type { Logger } from '../log/logger.ts';
import { type CountedRange, isExact, type OffsetRange } from '../log/offset-ranges.ts';
import type { LogReader, TopicPartition } from '../log/ports.ts';
import { Unready } from '../log/unready.ts';
import { readRange, recreated, type Visit } from '../log/walk.ts';
import { DamagedBatch } from '../record-batch/batch-header.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { pickHeaders } from '../record-batch/record-parts.ts';
import { type Identity, identify } from './identity.ts';
import {
  createLedger as createPlainLedger,
  emptyState,
  type Ledger,
  type LedgerState,
} from './ledger.ts';
import { laneOf, type Ordering } from './ordering.ts';
import { type Pending, pendingRecord, placeholder } from './pending.ts';

type Deps<Value, State> = {
  logs: TaskLogs;
  fold: Fold<Value, State>;
  ordering: Ordering;
  reader: LogReader;
  clock: Clock;
  logger: Logger;
  maxBackoffMs: number;
  /** Ends the restore at once. */
  signal: AbortSignal;
  createLedger?: CreateLedger<Value, State>;
};

type ReadDeps = Pick<Deps<unknown, unknown>, 'logs' | 'reader' | 'clock' | 'signal'>;

/** As createLedger; a test may watch it. */
export type CreateLedger<Value, State> = (
  state: LedgerState<State>,
  fold: Fold<Value, State>,
) => Ledger<Value, State>;

/** Which topics the offsets are of. */
export type Identities = { readonly orders: Identity; readonly deadLetters: Identity };

export type Restored<Value, State> = {
  ledger: Ledger<Value, State>;
  identities: Identities;
};

/**
 * Restores the state of a task. Waits for Kafka; rejects with InconsistentStateError when going on
 * would give wrong numbers, and when the signal is aborted.
 */
export async function restore<Value, State>(
  deps: Deps<Value, State>,
): Promise<Restored<Value, State>> {
  const { logs, logger, fold, createLedger = createPlainLedger } = deps;
  // Before anything is read, so that a topic that is created anew meanwhile is another one.
  const ids = await idsOf(deps);
  const head = await readHead(deps);
  const identities = await identifyBoth(deps, ids, head);
  const { low, high } = await boundsOf(deps, logs.orders);
  if (head !== null && head.nextOffset > high) throw recreated(logs.orders, head.nextOffset, high);
  const state = head === null ? emptyState(low, fold.empty()) : stateOf(head, fold);
  // This restore included, when there is something to read.
  if (state.nextOffset < high) state.restarts += 1;
  const ledger = createLedger(state, fold);
  await readDeadLetters(deps, ledger, identities.deadLetters);
  await readPending(deps, ledger, head?.pending ?? []);
  if (state.nextOffset < low) {
    logger.error('orders were removed by retention before they were read', {
      ...logs.orders,
      from: state.nextOffset,
      to: low,
    });
    ledger.lose(low);
  }
  return { ledger, identities };
}

type Ids = { readonly orders: string | null; readonly deadLetters: string | null };

async function idsOf({ logs, reader, signal }: ReadDeps): Promise<Ids> {
  const orders = await abortable(signal, reader.topicId(logs.orders.topic));
  const deadLetters = await abortable(signal, reader.topicId(logs.deadLetters.topic));
  return { orders, deadLetters };
}

async function identifyBoth(
  deps: ReadDeps,
  ids: Ids,
  head: Checkpoint | null,
): Promise<Identities> {
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

/** What a head says; the places of the pending are kept until their records have been read again. */
function stateOf<Value, State>(head: Checkpoint, fold: Fold<Value, State>): LedgerState<State> {
  const { start, nextOffset, deadLetterOffset, deadLettered, corrections, retries, restarts } =
    head;
  return {
    start,
    nextOffset,
    deadLetterOffset,
    deadLettered,
    corrections,
    retries,
    restarts,
    gapRanges: [...head.gapRanges],
    lost: [...head.lost],
    folded: readFolded(head, fold),
    pending: new Map(head.pending.map(({ offset }) => [offset, placeholder(offset)])),
  };
}

function readFolded<Value, State>({ folded }: Checkpoint, fold: Fold<Value, State>): State {
  try {
    return fold.decodeState(folded);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const words = `the state in a checkpoint cannot be decoded: ${cause.message}`;
    throw new InconsistentStateError(words, { cause });
  }
}

/** Whether an order that was counted here was given up elsewhere can be known no more. */
export function warnOfUnread(logger: Logger, { deadLetters }: TaskLogs, range: OffsetRange): void {
  const message = 'dead letters were removed by retention before they were read';
  logger.error(message, { ...deadLetters, ...range });
}

async function readDeadLetters<Value, State>(
  deps: Deps<Value, State>,
  ledger: Ledger<Value, State>,
  identity: Identity,
): Promise<void> {
  const { logs, logger, fold } = deps;
  const { low, high } = await boundsOf(deps, logs.deadLetters);
  const from = ledger.state.deadLetterOffset;
  if (from > high) throw recreated(logs.deadLetters, from, high);
  if (from > 0 && from < low) warnOfUnread(logger, logs, { from, to: low });
  const visit: Visit = (cursor) => {
    const wait = followDeadLetter(cursor, logs, ledger, fold);
    if (wait instanceof Unready) return wait.ready.then(() => visit(cursor));
    identity.note(cursor);
    return undefined;
  };
  await readRange(deps, logs.deadLetters, { from: low, to: high }, visit);
}

/**
 * Tells the ledger of the dead-letter record under the cursor; the pending order that it ends, or that
 * nothing has been told yet, because what the record holds is not known.
 */
export function followDeadLetter<Value, State>(
  cursor: RecordCursor,
  logs: TaskLogs,
  ledger: Ledger<Value, State>,
  fold: Fold<Value, State>,
): Pending | Unready | undefined {
  const { offset, bytes, valueStart, valueEnd } = cursor;
  const from = readOrigin(pickHeaders(bytes, cursor, ORIGIN_HEADERS));
  const ours =
    from !== null &&
    from.group === logs.group &&
    from.origin.topic === logs.orders.topic &&
    from.origin.partition === logs.orders.partition;
  return ledger.readDeadLetter(offset, ours ? from.origin.offset : null, () => {
    const value = fold.decode(bytes, valueStart, valueEnd);
    return value instanceof Fault ? null : value;
  });
}

/** Their times go on where they stood when they were written down: no clock was running meanwhile. */
async function readPending<Value, State>(
  deps: Deps<Value, State>,
  ledger: Ledger<Value, State>,
  waiting: Checkpoint['pending'],
): Promise<void> {
  const { logs, clock, logger, ordering, maxBackoffMs } = deps;
  const { state } = ledger;
  const missing = new Map(
    waiting.filter(({ offset }) => state.pending.has(offset)).map((order) => [order.offset, order]),
  );
  if (missing.size === 0) return;
  const visit = (cursor: RecordCursor) => {
    const order = missing.get(cursor.offset);
    if (order === undefined) return;
    missing.delete(cursor.offset);
    const { attempts, firstFailedAt, givenUp, error } = order;
    const dueAt = clock.monotonic() + Math.min(order.dueIn, maxBackoffMs);
    const pending = pendingRecord(cursor.copy(), laneOf(ordering, cursor), clock);
    const lastFailedAt = firstFailedAt;
    const known = { attempts, firstFailedAt, lastFailedAt, givenUp, error, dueAt };
    ledger.found(Object.assign(pending, known));
  };
  const stretches = stretchesOf([...missing.keys()], state.nextOffset, state.lost);
  for (const stretch of stretches) {
    try {
      await readRange(deps, logs.orders, stretch, visit);
    } catch (error) {
      if (!(error instanceof DamagedBatch)) throw error;
      // A skipped batch, which a dead letter has taken out of what is lost: each by itself, around it.
      for (const offset of [...missing.keys()]) {
        if (offset < stretch.from || offset >= stretch.to) continue;
        await readRange(deps, logs.orders, { from: offset, to: offset + 1 }, visit);
      }
    }
  }
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

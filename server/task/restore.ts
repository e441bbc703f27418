// A task's state from Kafka alone: the head checkpoint, the dead letters, the pending orders.

import { InconsistentStateError } from '../errors.ts';
import { abortable } from '../log/abortable.ts';
import type { Checkpoint, Fingerprint } from '../log/checkpoint.ts';
import type { Clock } from '../log/clock.ts';
import { ORIGIN_HEADERS, readOrigin } from '../log/dead-letter.ts';
import { Fault } from '../log/fault.ts';
import type { Fold } from '../log/fold.ts';
import { boundsOf, type Head, readHead, type TaskLogs } from '../log/head.ts';
import type { Logger } from '../log/logger.ts';
import { type CountedRange, isExact, type OffsetRange } from '../log/offset-ranges.ts';
import type { Bounds, LogReader, TopicPartition } from '../log/ports.ts';
import { redriveIn } from '../log/redrive.ts';
import { readRange, recreated } from '../log/walk.ts';
import { DamagedBatch } from '../record-batch/batch-header.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { pickHeaders } from '../record-batch/record-parts.ts';
import { type Identity, identify } from './identity.ts';
import {
  type Base,
  createLedger as createPlainLedger,
  emptyState,
  type Ledger,
  type LedgerState,
} from './ledger.ts';
import { createOffsetSet, type OffsetSet } from './offset-set.ts';
import { laneOf, type Ordering } from './ordering.ts';
import { createOutcomes } from './outcomes.ts';
import { type Pending, pendingRecord, placeholder } from './pending.ts';
import { createRedrivenSet } from './redriven-set.ts';

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
  group: string,
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
  const identities = await identifyBoth(deps, ids, head?.checkpoint ?? null);
  const { low, high } = await boundsOf(deps, logs.orders);
  const letters = await boundsOf(deps, logs.deadLetters);
  const nextOffset = head?.checkpoint.nextOffset ?? low;
  if (nextOffset > high) throw recreated(logs.orders, nextOffset, high);
  const state = head === null ? emptyState(low, fold.empty()) : stateOf(head, fold, letters);
  // This restore included, when there is something to read.
  if (state.nextOffset < high) state.restarts += 1;
  const ledger = createLedger(state, fold, logs.group);
  await readDeadLetters(deps, ledger, identities.deadLetters, letters);
  await readPending(deps, ledger, head?.checkpoint.pending ?? []);
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

/**
 * What a head says, with what it leans on; the places of the pending are kept until their records have
 * been read again.
 */
function stateOf<Value, State>(
  { checkpoint, offset, base }: Head,
  fold: Fold<Value, State>,
  letters: Bounds,
): LedgerState<State> {
  const { start, nextOffset, deadLetterOffset, deadLettered, corrections, retries } = checkpoint;
  const { restarts, foreign, redrivesFrom, commands } = checkpoint;
  const whole = base ?? checkpoint;
  const commandOf = new Map(commands.flatMap(({ id, waiting }) => waiting.map((at) => [at, id])));
  const sets = readable('the sets of offsets', () => ({
    deadLetters: deadLettersOf(whole, letters),
    redriven:
      base === null
        ? createRedrivenSet(NOTHING, checkpoint.redriven)
        : createRedrivenSet(base.redriven, checkpoint.redriven),
  }));
  return {
    start,
    nextOffset,
    deadLetterOffset,
    deadLettered,
    corrections,
    retries,
    restarts,
    gapRanges: [...checkpoint.gapRanges],
    lost: [...checkpoint.lost],
    copyRanges: [...checkpoint.copyRanges],
    foreign,
    redrivesFrom,
    ...sets,
    outcomes: createOutcomes(commands),
    base: baseOf({ checkpoint, offset, base }),
    folded: readable('the state', () => fold.decodeState(checkpoint.folded)),
    pending: new Map(
      checkpoint.pending.map(({ offset }) => [
        offset,
        placeholder(offset, commandOf.get(offset) ?? null),
      ]),
    ),
  };
}

const NOTHING = Buffer.alloc(0);

/** What the next checkpoints may lean on: what the head does, or itself, when it tells of D. */
function baseOf({ checkpoint, offset, base }: Head): Base | null {
  if (base !== null) return { offset: checkpoint.base, deadLetterOffset: base.deadLetterOffset };
  if (checkpoint.deadLetters.length === 0) return null;
  return { offset, deadLetterOffset: checkpoint.deadLetterOffset };
}

/**
 * D as a checkpoint says it; empty, so that it is read anew, when it does not say, and when most of its
 * dead letters are there no more: so it does not grow for ever.
 */
function deadLettersOf({ deadLetters }: Checkpoint, { low, high }: Bounds): OffsetSet {
  const all = createOffsetSet(deadLetters);
  return all.size > 2 * (high - low) + 10_000 ? createOffsetSet() : all;
}

function readable<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const words = `${what} in a checkpoint cannot be decoded: ${cause.message}`;
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
  { low, high }: Bounds,
): Promise<void> {
  const { logs, logger, fold } = deps;
  const { deadLetterOffset: from, deadLetters, base } = ledger.state;
  if (from > high) throw recreated(logs.deadLetters, from, high);
  if (from > 0 && from < low) warnOfUnread(logger, logs, { from, to: low });
  const known = deadLetters.size > 0 && base !== null ? base.deadLetterOffset : 0;
  await readRange(deps, logs.deadLetters, { from: Math.max(low, known), to: high }, (cursor) => {
    followDeadLetter(cursor, logs, ledger, fold);
    identity.note(cursor);
  });
}

/** Tells the ledger of the dead-letter record under the cursor; the pending order that it ends. */
export function followDeadLetter<Value, State>(
  cursor: RecordCursor,
  logs: TaskLogs,
  ledger: Ledger<Value, State>,
  fold: Fold<Value, State>,
): Pending | undefined {
  const { offset, bytes, valueStart, valueEnd } = cursor;
  const from = readOrigin(pickHeaders(bytes, cursor, ORIGIN_HEADERS));
  const ours =
    from !== null &&
    from.group === logs.group &&
    from.origin.topic === logs.orders.topic &&
    from.origin.partition === logs.orders.partition;
  return ledger.readDeadLetter(offset, ours ? from.origin.offset : null, {
    decode() {
      const value = fold.decode(bytes, valueStart, valueEnd);
      return value instanceof Fault ? null : value;
    },
    redrive: () => redriveIn(bytes, cursor),
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

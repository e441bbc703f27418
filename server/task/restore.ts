// A task's state from Kafka alone: the head checkpoint, the dead letters, the pending orders.

import { InconsistentStateError } from '../errors.ts';
import type { Checkpoint } from '../log/checkpoint.ts';
import type { Fold } from '../log/fold.ts';
import { boundsOf, type Head, type LogAccess, readHead } from '../log/head.ts';
import type { Logger } from '../log/logger.ts';
import type { Bounds } from '../log/ports.ts';
import { Unready } from '../log/unready.ts';
import { readRange, recreated, type Visit } from '../log/walk.ts';
import { followDeadLetter, warnOfUnread } from './dead-letter-log.ts';
import { loseUnread } from './following.ts';
import { type Identities, identifyBoth, idsOf } from './identities.ts';
import type { Identity } from './identity.ts';
import { type CreateLedger, createLedger as createPlainLedger, type Ledger } from './ledger.ts';
import { type Base, emptyState, type LedgerState } from './ledger-state.ts';
import { createOffsetSet, type OffsetSet } from './offset-set.ts';
import type { Ordering } from './ordering.ts';
import { createOutcomes } from './outcomes.ts';
import { placeholder } from './pending.ts';
import { createRedrivenSet } from './redriven-set.ts';
import { readPending } from './restore-pending.ts';

type Deps<Value, State> = LogAccess & {
  fold: Fold<Value, State>;
  ordering: Ordering;
  maxBackoffMs: number;
  logger: Logger;
  createLedger?: CreateLedger<Value, State> | undefined;
};

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
  const known = head === null ? emptyState(low, fold.empty()) : stateOf(head, fold, letters);
  // This restore included, when there is something to read.
  const restarts = known.restarts + (known.nextOffset < high ? 1 : 0);
  const ledger = createLedger({ ...known, restarts }, fold, logs.group);
  await readDeadLetters(deps, ledger, identities.deadLetters, letters);
  await readPending(deps, ledger, head?.checkpoint.pending ?? []);
  if (ledger.state.nextOffset < low) loseUnread(ledger, logger, logs, low);
  return { ledger, identities };
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
  const visit: Visit = (cursor) => {
    const wait = followDeadLetter(cursor, logs, ledger, fold);
    if (wait instanceof Unready) return wait.ready.then(() => visit(cursor));
    identity.note(cursor);
    return undefined;
  };
  await readRange(deps, logs.deadLetters, { from: Math.max(low, known), to: high }, visit);
}

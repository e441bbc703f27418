// A task's state from Kafka alone: the head checkpoint, the dead letters, the pending orders.

import { InconsistentStateError } from '../errors.ts';
import type { Checkpoint } from '../log/checkpoint.ts';
import type { Fold } from '../log/fold.ts';
import { boundsOf, type LogAccess, readHead } from '../log/head.ts';
import type { Logger } from '../log/logger.ts';
import { Unready } from '../log/unready.ts';
import { readRange, recreated, type Visit } from '../log/walk.ts';
import { followDeadLetter, warnOfUnread } from './dead-letter-log.ts';
import { loseUnread } from './following.ts';
import { type Identities, identifyBoth, idsOf } from './identities.ts';
import type { Identity } from './identity.ts';
import {
  type CreateLedger,
  createLedger as createPlainLedger,
  emptyState,
  type Ledger,
  type LedgerState,
} from './ledger.ts';
import type { Ordering } from './ordering.ts';
import { placeholder } from './pending.ts';
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
  const identities = await identifyBoth(deps, ids, head);
  const { low, high } = await boundsOf(deps, logs.orders);
  if (head !== null && head.nextOffset > high) throw recreated(logs.orders, head.nextOffset, high);
  const known = head === null ? emptyState(low, fold.empty()) : stateOf(head, fold);
  // This restore included, when there is something to read.
  const restarts = known.restarts + (known.nextOffset < high ? 1 : 0);
  const ledger = createLedger({ ...known, restarts }, fold);
  await readDeadLetters(deps, ledger, identities.deadLetters);
  await readPending(deps, ledger, head?.pending ?? []);
  if (ledger.state.nextOffset < low) loseUnread(ledger, logger, logs, low);
  return { ledger, identities };
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

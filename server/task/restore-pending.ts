// The orders that waited when the head was written, read again: a checkpoint keeps no bytes of them.
import type { Checkpoint } from '../log/checkpoint.ts';
import type { LogAccess } from '../log/head.ts';
import type { Logger } from '../log/logger.ts';
import { type CountedRange, isExact, type OffsetRange } from '../log/offset-ranges.ts';
import { readRange } from '../log/walk.ts';
import { DamagedBatch } from '../record-batch/batch-header.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import type { Ledger } from './ledger.ts';
import { laneOf, type Ordering } from './ordering.ts';
import { pendingRecord } from './pending.ts';

type Deps = LogAccess & {
  ordering: Ordering;
  /** None of them waits longer than this for its next attempt. */
  maxBackoffMs: number;
  logger: Logger;
};

/**
 * Puts the records of the orders that wait into the ledger, which keeps their places until then. What
 * was left of their pauses when the head was written is left of them now: no clock was running meanwhile.
 */
export async function readPending<Value, State>(
  deps: Deps,
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
    const { offset: _offset, dueIn, ...known } = order;
    const lastFailedAt = known.firstFailedAt;
    const dueAt = clock.monotonic() + Math.min(dueIn, maxBackoffMs);
    const lane = laneOf(ordering, cursor);
    ledger.found(
      pendingRecord(cursor.copy(), lane, clock.now(), { ...known, lastFailedAt, dueAt }),
    );
  };
  const stretches = stretchesOf([...missing.keys()], state.nextOffset, state.lost);
  for (const stretch of stretches) {
    try {
      await readRange(deps, logs.orders, stretch, visit);
    } catch (error) {
      if (!(error instanceof DamagedBatch)) throw error;
      // A batch that was skipped may stand here although nothing in it is booked as lost any more: each
      // of its orders had a dead letter. So each order that waits is read by itself, around the batch.
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
 * From where to where to read for the records at `offsets` below `end`, around what is lost: a damaged
 * batch may stand there. Ranges that were put together are read through, for records may stand in them.
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

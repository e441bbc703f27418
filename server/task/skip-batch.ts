// The way out for a partition that a damaged batch has stopped: a checkpoint that stands behind the batch
// and books its offsets as lost. It is as true as any other, so it may be written while the service runs.

import { AppError } from '../errors.ts';
import type { Checkpoint } from '../log/checkpoint.ts';
import type { Clock } from '../log/clock.ts';
import type { Fold } from '../log/fold.ts';
import type { TaskLogs } from '../log/head.ts';
import type { Logger } from '../log/logger.ts';
import { type LogReader, nameOf, type RecordSet, type TopicPartition } from '../log/ports.ts';
import { type BatchHeader, DamagedBatch, readBatchHeader } from '../record-batch/batch-header.ts';
import { openRecordSet } from '../record-batch/reader.ts';
import { checkpointOf } from './books.ts';
import { restore } from './restore.ts';

export type SkipPlan = {
  /** The offsets that are lost by it: from here up to, not including, `to`. */
  readonly from: number;
  readonly to: number;
  /** What is wrong with the batch. */
  readonly damage: string;
  /** Orders that wait, and go on waiting. */
  readonly waiting: number;
  /** What is true when the batch has been skipped. */
  readonly checkpoint: Checkpoint;
};

/** Nothing may be skipped here, and why. */
export class NotSkippable extends AppError {
  constructor(message: string) {
    super('NOT_SKIPPABLE', message, false);
  }
}

/**
 * What skipping the damaged batch at `offset` comes to; changes nothing. `to` is where it ends, for a
 * batch whose header does not say so, else null; `owner` is who asks.
 * @throws {NotSkippable} when the partition does not stand there, or the batch can be read
 */
export async function planSkip<Value, State>(
  deps: {
    logs: TaskLogs;
    fold: Fold<Value, State>;
    reader: LogReader;
    clock: Clock;
    logger: Logger;
  },
  { offset, to, owner }: { offset: number; to: number | null; owner: string },
): Promise<SkipPlan> {
  const { logs, reader, clock } = deps;
  // Without a bound the times at which orders are due stay what they are.
  const signal = new AbortController().signal;
  const maxBackoffMs = Number.POSITIVE_INFINITY;
  const ordering = 'none';
  const { ledger, identities } = await restore({ ...deps, ordering, maxBackoffMs, signal });
  const { state } = ledger;
  const position = state.nextOffset;
  const { high } = await reader.bounds(logs.orders);
  const found = await findDamage(reader, logs.orders, position, { to, high });
  if (offset !== position && offset !== found.base) {
    throw new NotSkippable(
      `${nameOf(logs.orders)} stands at offset ${position}, before the damaged batch at ${found.base}: not at ${offset}`,
    );
  }
  const from = Math.max(position, found.base);
  ledger.passGap(from);
  ledger.lose(found.to);
  // What was read is of the topics of the checkpoint only if they are still the same afterwards.
  await Promise.all([identities.orders.check(), identities.deadLetters.check()]);
  const checkpoint = checkpointOf(state, deps.fold.encode, logs, identities, clock.monotonic(), {
    generation: -1,
    owner,
    ownerStartedAt: clock.now(),
    writtenAt: clock.now(),
    highWatermark: high,
    // What it would lean on may be gone by the time it is written.
    whole: true,
  });
  const { damage } = found;
  return { from, to: state.nextOffset, damage, waiting: state.pending.size, checkpoint };
}

type Damage = { readonly base: number; readonly to: number; readonly damage: string };

/** The damaged batch at which a reader at `position` stops, before it gets any record. */
async function findDamage(
  reader: LogReader,
  tp: TopicPartition,
  position: number,
  { to, high }: { to: number | null; high: number },
): Promise<Damage> {
  const where = nameOf(tp);
  if (position >= high) throw new NotSkippable(`${where} ends at ${high}: nothing is left to skip`);
  const found = await lookAt(reader, tp, position, async (set) => {
    const cursor = openRecordSet(set, position);
    try {
      while (await cursor.nextBatch()) {
        if (cursor.next()) {
          throw new NotSkippable(
            `${where} can be read at offset ${cursor.offset}: nothing is damaged`,
          );
        }
      }
    } catch (error) {
      if (!(error instanceof DamagedBatch)) throw error;
      const { baseOffset: base, message: damage } = error;
      return { base, to: to ?? endOf(set, base), damage };
    }
    throw new NotSkippable(`${where} has no damaged batch at offset ${position}`);
  });
  if (!(await endsAt(reader, tp, found.to, { position, high }))) {
    const words = `that the damaged batch at ${found.base} ends before ${found.to} cannot be`;
    throw new NotSkippable(`${where}: ${words}; say with --to where the next batch begins`);
  }
  return found;
}

/** Whether a batch that holds `position` can end before `to`: its header may be what is damaged. */
async function endsAt(
  reader: LogReader,
  tp: TopicPartition,
  to: number,
  { position, high }: { position: number; high: number },
): Promise<boolean> {
  if (!(to > position && to <= high)) return false;
  if (to === high) return true;
  const next = await lookAt(reader, tp, to, async ({ bytes }) => headerAt(bytes, 0));
  return next !== null && next.baseOffset >= to;
}

/** Where the batch at `base` ends, by its header; NaN when that cannot be told. */
function endOf({ bytes }: RecordSet, base: number): number {
  for (let at = 0; ; ) {
    const header = headerAt(bytes, at);
    if (header === null) return Number.NaN;
    if (header.baseOffset === base) return header.lastOffset + 1;
    at = header.end;
  }
}

function headerAt(bytes: Buffer, at: number): BatchHeader | null {
  try {
    return readBatchHeader(bytes, at);
  } catch (error) {
    if (error instanceof DamagedBatch) return null;
    throw error;
  }
}

/** Looks at the first record set from `position` on. */
function lookAt<T>(
  reader: LogReader,
  tp: TopicPartition,
  position: number,
  look: (set: RecordSet) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const following = reader.follow(tp, position, {
      async records(set) {
        if (set.bytes.length === 0) return;
        following.close();
        await look(set).then(resolve, reject);
      },
      outOfRange: (outside, { low, high }) => {
        const words = `offset ${outside} of ${nameOf(tp)} lies outside of ${low} to ${high}`;
        throw new NotSkippable(words);
      },
      failed: reject,
    });
  });
}

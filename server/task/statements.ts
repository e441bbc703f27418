// What a task states of its partition: the ledger as a checkpoint, about every interval, written only
// when Kafka has said after it was taken that its topics are still the same.
import { abortable, createAbort } from '../log/abortable.ts';
import { encodeCheckpoint } from '../log/checkpoint.ts';
import { neededFrom, type PlacedStamp } from '../log/checkpoint-stamp.ts';
import type { Fold } from '../log/fold.ts';
import type { TaskLogs } from '../log/head.ts';
import type { LogWriter } from '../log/ports.ts';
import { isAhead, isBaseDue, mayBeGone } from './base-due.ts';
import { checkpointOf } from './books.ts';
import { createCheckpointer } from './checkpointer.ts';
import type { Identities } from './identities.ts';
import type { Ledger } from './ledger.ts';
import { persist } from './persist.ts';
import { createRisingBase } from './rising-base.ts';
import type { Owner, Rules, Runtime } from './task-deps.ts';

export type Statements = {
  /** Something changed that the next checkpoint will carry. */
  changed(): void;
  /** A checkpoint of this partition was read in its topic, written here or elsewhere. */
  readBack(stamp: PlacedStamp, isOwn: boolean, isHead: boolean): void;
  /** Writes nothing more and waits for nothing more. */
  abandon(): void;
  /** Writes a last checkpoint if something has changed, within LAST_WITHIN_MS and unless abandoned. */
  close(): Promise<void>;
};

/** A last checkpoint that takes longer costs more than it saves: some handler calls are repeated without. */
const LAST_WITHIN_MS = 3000;

type Taken = { readonly value: Buffer; readonly whole: boolean; readonly takenAt: number };

/** `highWatermark` is that of the orders; `onFailed` hears what cannot be written. */
export function createStatements<State>(deps: {
  logs: TaskLogs;
  owner: Owner;
  fold: Pick<Fold<unknown, State>, 'encode'>;
  rules: Pick<Rules, 'checkpointIntervalMs' | 'checkpointShare' | 'baseAfter'>;
  runtime: Runtime;
  writer: LogWriter;
  ledger: Pick<Ledger<unknown, State>, 'state' | 'rebase'>;
  identities: Identities;
  highWatermark: () => number;
  onFailed: (error: unknown) => void;
}): Statements {
  const { logs, owner, fold, rules, runtime, writer, ledger, identities, highWatermark } = deps;
  const { baseAfter } = rules;
  const books = ledger.state;
  const { clock, logger, instruments } = runtime;
  const abandoned = createAbort();
  /** The first record of the checkpoints that the head needs: what stands before it may be gone. */
  let neededNow = 0;
  const rising = createRisingBase((base) => {
    if (base !== null) ledger.rebase(base);
  });
  const checkpointer = createCheckpointer({
    intervalMs: rules.checkpointIntervalMs,
    share: rules.checkpointShare,
    clock,
    take,
    write,
    onFailed: deps.onFailed,
  });

  /** Null while a new base is on its way: what leans on the old one would not count. */
  function take(isLast: boolean): Taken | null {
    const now = clock.monotonic();
    const isAwaited = rising.isAwaited(now);
    if (isAwaited && !isLast) return null;
    const whole = isAwaited || isBaseDue(books, neededNow, baseAfter);
    const value = encodeCheckpoint(
      checkpointOf(books, fold.encode, logs, identities, now, {
        generation: owner.generation() ?? -1,
        owner: owner.author.instance,
        ownerStartedAt: owner.startedAt,
        writtenAt: clock.now(),
        highWatermark: highWatermark(),
        whole,
      }),
    );
    const taken = { value, whole, takenAt: now };
    if (!whole) return taken;
    books.redriven.mark();
    rising.begin(now, books.deadLetterOffset);
    return taken;
  }

  async function write({ value, whole, takenAt }: Taken): Promise<void> {
    const { signal } = abandoned;
    const { orders, deadLetters } = identities;
    try {
      await abortable(signal, Promise.all([orders.check(), deadLetters.check()]));
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    // Kafka refuses times far from its own, and needs none.
    const record = { timestamp: -1, key: null, value, headers: [] };
    const offset = await persist({ ...runtime, writer }, logs.checkpoints, [record], signal);
    if (offset === undefined) return;
    instruments.checkpointTook.observe((clock.monotonic() - takenAt) / 1000);
    instruments.checkpointBytes.observe(value.length);
    if (whole) rising.acknowledged(offset);
  }

  return {
    changed: checkpointer.changed,
    readBack(stamp, isOwn, isHead) {
      if (isOwn && stamp.base < 0) rising.readBack(stamp.offset, isHead);
      if (isHead) neededNow = neededFrom(stamp);
      // What is ahead of the head has to be said again; who is not would only answer its whole with another.
      if (isHead && mayBeGone(books.base, neededNow) && isAhead(books, stamp))
        checkpointer.changed();
    },
    abandon: () => abandoned.abort(),
    async close() {
      const cancel = clock.after(LAST_WITHIN_MS, () => {
        logger.warn('the last checkpoint was not written: Kafka took too long', {
          ...logs.orders,
          waitedMs: LAST_WITHIN_MS,
        });
        abandoned.abort();
      });
      await checkpointer.close();
      cancel();
    },
  };
}

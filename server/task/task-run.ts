// A restored task at work: follows its partition of orders and its dead letters, and writes its
// checkpoints.

import { abortable } from '../log/abortable.ts';
import { encodeCheckpoint, neededFrom, type PlacedStamp } from '../log/checkpoint.ts';
import type { Clock } from '../log/clock.ts';
import type { Author } from '../log/dead-letter.ts';
import type { Fold } from '../log/fold.ts';
import type { TaskLogs } from '../log/head.ts';
import type { Logger } from '../log/logger.ts';
import type { Following, LogReader, LogWriter } from '../log/ports.ts';
import type { Progress } from '../log/progress.ts';
import { damageIn, recreated, walk } from '../log/walk.ts';
import { checkpointOf } from './books.ts';
import type { Handle } from './calls.ts';
import { createCheckpointer } from './checkpointer.ts';
import { createPauseOf, createRedriverOf, type TaskCommands } from './commanded.ts';
import type { LedgerState } from './ledger.ts';
import { createOrderIntake } from './order-intake.ts';
import type { Ordering } from './ordering.ts';
import { createDeadLetterOutbox } from './outbox.ts';
import { persist } from './persist.ts';
import { createProcessor, type Limits } from './processor.ts';
import { type CreateLedger, followDeadLetter, type Restored, warnOfUnread } from './restore.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { createRisingBase } from './rising-base.ts';

export type TaskDeps<Value, State> = {
  logs: TaskLogs;
  author: Author;
  startedAt: number;
  /** Of the consumer group; null while it is not known. */
  generation: () => number | null;
  reader: LogReader;
  writer: LogWriter;
  trim: (below: number) => Promise<void>;
  fold: Fold<Value, State>;
  handle: Handle<Value>;
  policy: RetryPolicy;
  ordering: Ordering;
  limits: Limits;
  checkpointIntervalMs: number;
  /** How much of the time taking checkpoints may cost this task, from 0 to 1. */
  checkpointShare: () => number;
  /** When a checkpoint is written on which the next ones lean; a test may want it sooner. */
  baseAfter?: BaseAfter;
  clock: Clock;
  random: () => number;
  logger: Logger;
  progress: Progress;
  createLedger?: CreateLedger<Value, State>;
  /** Without, nobody pauses the partition or redrives its dead letters. */
  commands?: TaskCommands;
  /** What keeps some orders waiting, in words; null when it has gone. */
  onProblem: (words: string | null) => void;
  /** The task has stopped by itself and says why. */
  onFailed: (error: unknown) => void;
};

/** So many redriven orders, or dead letters, since the last one. */
export type BaseAfter = { readonly redriven: number; readonly deadLetters: number };

/** Some 64 KB in every checkpoint, and some 100 ms of a restore. */
const BASE_AFTER: BaseAfter = { redriven: 30_000, deadLetters: 20_000 };
/** Of all dead letters: to write all of them again must not cost more than to write them once. */
const SHARE_SINCE_BASE = 0.1;

export type TaskRun = {
  readonly books: Readonly<LedgerState<unknown>>;
  /** Handler calls under way. */
  readonly inFlight: number;
  /** A checkpoint of this partition was read in its topic, written here or elsewhere. */
  readBack(stamp: PlacedStamp, isOwn: boolean, isHead: boolean): void;
  /**
   * Stops at once; with `lastCheckpoint` it first writes down what it knows, until it is stopped again
   * without.
   */
  stop(lastCheckpoint: boolean): Promise<void>;
};

type Taken = { readonly value: Buffer; readonly whole: boolean };

/** How long a last checkpoint may wait for Kafka to say that the topics are still the same. */
const LAST_CHECK_MS = 1000;

/** Goes on from what was restored. */
export function startRun<Value, State>(
  deps: TaskDeps<Value, State>,
  { ledger, identities }: Restored<Value, State>,
): TaskRun {
  const { logs, author, startedAt, generation, reader, fold, clock, logger, onFailed } = deps;
  const { baseAfter = BASE_AFTER } = deps;
  const books = ledger.state;
  /** Aborted when Kafka is not waited for any longer to say which topics these are. */
  const unsure = new AbortController();
  let abandoned = false;
  let open = true;
  const outbox = createDeadLetterOutbox({
    ...deps,
    source: logs.orders,
    target: logs.deadLetters,
    isPending: (order) => books.pending.get(order.record.offset) === order,
    onFailed,
  });
  const rising = createRisingBase((base) => {
    if (base !== null) ledger.rebase(base);
  });
  /** The first record of the checkpoints that the head needs: what stands before it may be gone. */
  let neededNow = 0;
  const checkpointer = createCheckpointer({
    intervalMs: deps.checkpointIntervalMs,
    share: deps.checkpointShare,
    clock,
    take,
    write,
    onFailed,
  });
  const onChange = () => {
    checkpointer.changed();
    redriver.look();
  };
  const pause = createPauseOf(deps, onPause);
  const processor = createProcessor({
    ...deps,
    source: logs.orders,
    ledger,
    mayGiveUp: pause.mayGiveUp,
    giveUp: outbox.send,
    onChange,
    onFailed,
  });
  const intake = createOrderIntake({
    ...deps,
    orders: logs.orders,
    ledger,
    process: processor.process,
    note: (cursor) => identities.orders.note(cursor),
    onSet: () => pause.note(processor.counted),
    onChange,
    onFailed,
  });

  function onPause(): void {
    if (!open) return;
    intake.set(!pause.isOn);
    if (!pause.isOn) processor.retryHeldBack();
    redriver.look();
  }

  function baseMayBeGone(): boolean {
    return books.base !== null && books.base.offset < neededNow;
  }

  function isAheadOf(head: PlacedStamp): boolean {
    return (
      books.nextOffset > head.nextOffset ||
      books.deadLetterOffset > head.deadLetterOffset ||
      books.pending.size < head.pendingCount
    );
  }

  function needsBase(): boolean {
    const { base, redriven, deadLetterOffset, deadLetters } = books;
    const letters = deadLetterOffset - (base?.deadLetterOffset ?? 0);
    return (
      baseMayBeGone() ||
      redriven.sinceBase > baseAfter.redriven ||
      letters > Math.max(baseAfter.deadLetters, deadLetters.size * SHARE_SINCE_BASE)
    );
  }

  /** Null while a new base is on its way: what leans on the old one would not count. */
  function take(isLast: boolean): Taken | null {
    const now = clock.monotonic();
    const isAwaited = rising.isAwaited(now);
    if (isAwaited && !isLast) return null;
    const whole = isAwaited || needsBase();
    const value = encodeCheckpoint(
      checkpointOf(books, fold.encode, logs, identities, now, {
        generation: generation() ?? -1,
        owner: author.instance,
        ownerStartedAt: startedAt,
        writtenAt: clock.now(),
        highWatermark: intake.highWatermark,
        whole,
      }),
    );
    if (!whole) return { value, whole };
    books.redriven.mark();
    rising.begin(now, books.deadLetterOffset);
    return { value, whole };
  }

  /** Only what is known to be of the same topics after it was taken is a true statement about them. */
  async function write({ value, whole }: Taken): Promise<void> {
    const { orders, deadLetters } = identities;
    try {
      await abortable(unsure.signal, Promise.all([orders.check(), deadLetters.check()]));
    } catch (error) {
      if (unsure.signal.aborted) return;
      throw error;
    }
    // Kafka refuses times far from its own, and needs none.
    const record = { timestamp: -1, key: null, value, headers: [] };
    const offset = await persist(deps, logs.checkpoints, [record], () => !abandoned);
    if (whole && offset !== undefined) rising.acknowledged(offset);
  }

  function followDeadLetters(): Following {
    return reader.follow(logs.deadLetters, books.deadLetterOffset, {
      async records(set) {
        await walk(set, books.deadLetterOffset, clock, (cursor) => {
          if (!open) return undefined;
          const ended = followDeadLetter(cursor, logs, ledger, fold);
          identities.deadLetters.note(cursor);
          if (ended !== undefined) processor.ended(ended);
          onChange();
          return undefined;
        });
      },
      outOfRange(position, { low, high }) {
        if (position > high) throw recreated(logs.deadLetters, position, high);
        warnOfUnread(logger, logs, { from: position, to: low });
        return low;
      },
      failed: (error) => onFailed(damageIn(logs.deadLetters, error)),
    });
  }

  const redriver = createRedriverOf(deps, books, pause, () => identities.deadLetters.check());
  processor.resume();
  const letters = followDeadLetters();
  intake.set(!pause.isOn);
  onChange();

  return {
    books,
    get inFlight() {
      return processor.inFlight;
    },
    readBack(stamp, isOwn, isHead) {
      if (isOwn && stamp.base < 0) rising.readBack(stamp.offset, isHead);
      if (isHead) neededNow = neededFrom(stamp);
      // What is ahead of the head has to be said again; who is not would only answer its whole with another.
      if (isHead && baseMayBeGone() && isAheadOf(stamp)) onChange();
    },
    async stop(lastCheckpoint: boolean): Promise<void> {
      open = false;
      letters.close();
      intake.set(false);
      pause.close();
      redriver.close();
      abandoned ||= !lastCheckpoint;
      if (abandoned) unsure.abort();
      const ended = processor.close();
      outbox.close();
      await ended;
      const cancel = clock.after(LAST_CHECK_MS, () => unsure.abort());
      await checkpointer.close();
      cancel();
    },
  };
}

// A restored task at work: follows its partition of orders and its dead letters, and writes its
// checkpoints.

import { abortable } from '../log/abortable.ts';
import { encodeCheckpoint } from '../log/checkpoint.ts';
import type { Clock } from '../log/clock.ts';
import type { Author } from '../log/dead-letter.ts';
import type { Fold } from '../log/fold.ts';
import type { TaskLogs } from '../log/head.ts';
import type { Logger } from '../log/logger.ts';
import type { Following, LogReader, LogWriter } from '../log/ports.ts';
import type { Progress } from '../log/progress.ts';
import { Unready } from '../log/unready.ts';
import { damageIn, recreated, type Visit, walk } from '../log/walk.ts';
import { checkpointOf } from './books.ts';
import type { Handle } from './calls.ts';
import { createCheckpointer } from './checkpointer.ts';
import type { LedgerState } from './ledger.ts';
import type { Ordering } from './ordering.ts';
import { createDeadLetterOutbox } from './outbox.ts';
import { persist } from './persist.ts';
import { createProcessor, type Limits } from './processor.ts';
import { type CreateLedger, followDeadLetter, type Restored, warnOfUnread } from './restore.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** Restarts without progress after which every record is named in the log before it is handled. */
const CAREFUL_AFTER = 5;

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
  clock: Clock;
  random: () => number;
  logger: Logger;
  progress: Progress;
  createLedger?: CreateLedger<Value, State>;
  /** What keeps some orders waiting, in words; null when it has gone. */
  onProblem: (words: string | null) => void;
  /** The task has stopped by itself and says why. */
  onFailed: (error: unknown) => void;
};

export type TaskRun = {
  readonly books: Readonly<LedgerState<unknown>>;
  /** Handler calls under way. */
  readonly inFlight: number;
  /**
   * Stops at once; with `lastCheckpoint` it first writes down what it knows, until it is stopped again
   * without.
   */
  stop(lastCheckpoint: boolean): Promise<void>;
};

/** How long a last checkpoint may wait for Kafka to say that the topics are still the same. */
const LAST_CHECK_MS = 1000;

/** Goes on from what was restored. */
export function startRun<Value, State>(
  deps: TaskDeps<Value, State>,
  { ledger, identities }: Restored<Value, State>,
): TaskRun {
  const { logs, author, startedAt, generation, reader, fold, clock, logger, onFailed } = deps;
  const books = ledger.state;
  const followings: Following[] = [];
  let highWatermark = books.nextOffset;
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
  const checkpointer = createCheckpointer({
    intervalMs: deps.checkpointIntervalMs,
    share: deps.checkpointShare,
    clock,
    take,
    write,
    onFailed,
  });
  const onChange = () => checkpointer.changed();
  const processor = createProcessor({
    ...deps,
    source: logs.orders,
    ledger,
    giveUp: outbox.send,
    onChange,
    onFailed,
  });

  function take(): Buffer {
    return encodeCheckpoint(
      checkpointOf(books, fold.encode, logs, identities, clock.monotonic(), {
        generation: generation() ?? -1,
        owner: author.instance,
        ownerStartedAt: startedAt,
        writtenAt: clock.now(),
        highWatermark,
      }),
    );
  }

  /** Only what is known to be of the same topics after it was taken is a true statement about them. */
  async function write(value: Buffer): Promise<void> {
    const { orders, deadLetters } = identities;
    try {
      await abortable(unsure.signal, Promise.all([orders.check(), deadLetters.check()]));
    } catch (error) {
      if (unsure.signal.aborted) return;
      throw error;
    }
    // Kafka refuses times far from its own, and needs none.
    const record = { timestamp: -1, key: null, value, headers: [] };
    await persist(deps, logs.checkpoints, [record], () => !abandoned);
  }

  function followOrders(): Following {
    return reader.follow(logs.orders, books.nextOffset, {
      async records(set) {
        highWatermark = set.highWatermark;
        let noted = false;
        const next = await walk(set, books.nextOffset, clock, (cursor) => {
          if (!open) return undefined;
          if (books.restarts > CAREFUL_AFTER) {
            logger.warn('restarted without progress, next record', {
              ...logs.orders,
              offset: cursor.offset,
            });
          }
          const wait = processor.process(cursor);
          if (!noted) identities.orders.note(cursor);
          noted = true;
          return wait;
        });
        if (!open) return;
        ledger.passGap(next);
        if (set.bytes.length > 0) onChange();
      },
      outOfRange(position, { low, high }) {
        if (position > high) throw recreated(logs.orders, position, high);
        logger.error('orders were removed by retention before they were read', {
          ...logs.orders,
          from: position,
          to: low,
        });
        ledger.lose(low);
        onChange();
        return books.nextOffset;
      },
      failed: onFailed,
    });
  }

  function followDeadLetters(): Following {
    return reader.follow(logs.deadLetters, books.deadLetterOffset, {
      async records(set) {
        const visit: Visit = (cursor) => {
          if (!open) return undefined;
          const ended = followDeadLetter(cursor, logs, ledger, fold);
          if (ended instanceof Unready) return ended.ready.then(() => visit(cursor));
          identities.deadLetters.note(cursor);
          if (ended !== undefined) processor.ended(ended);
          onChange();
          return undefined;
        };
        await walk(set, books.deadLetterOffset, clock, visit);
      },
      outOfRange(position, { low, high }) {
        if (position > high) throw recreated(logs.deadLetters, position, high);
        warnOfUnread(logger, logs, { from: position, to: low });
        return low;
      },
      failed: (error) => onFailed(damageIn(logs.deadLetters, error)),
    });
  }

  processor.resume();
  followings.push(followDeadLetters(), followOrders());
  onChange();

  return {
    books,
    get inFlight() {
      return processor.inFlight;
    },
    async stop(lastCheckpoint: boolean): Promise<void> {
      open = false;
      for (const following of followings) following.close();
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

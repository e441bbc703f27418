// One partition of orders: follows it and its dead letters and writes its checkpoints.
//
//   CREATED ──start──▶ RESTORING ──▶ RUNNING
//      └──────────────────┴────────────┴──close, failure──▶ CLOSED

import type { CheckpointStamp } from '../domain/checkpoint.ts';
import { encodeCheckpoint } from '../domain/checkpoint.ts';
import type { Author } from '../domain/dead-letter.ts';
import type { RetryPolicy } from '../domain/retry-policy.ts';
import { type Checkpointer, createCheckpointer } from './checkpointer.ts';
import type { Clock } from './clock.ts';
import { createDeadLetterOutbox } from './dead-letter-outbox.ts';
import type { Ledger, LedgerState } from './ledger.ts';
import type { Bounds, Following, LogReader, LogWriter } from './log.ts';
import type { Logger } from './logger.ts';
import type { OrderHandler } from './order-handler.ts';
import { createOrderProcessor, type Limits } from './order-processor.ts';
import type { PendingOrder } from './pending-order.ts';
import { persist } from './persist.ts';
import {
  followDeadLetter,
  type Restored,
  restore,
  type TaskLogs,
  warnOfUnread,
} from './restore.ts';
import { recreated, walk } from './walk.ts';

export type TaskState = 'CREATED' | 'RESTORING' | 'RUNNING' | 'CLOSED';

const NEXT: Record<TaskState, readonly TaskState[]> = {
  CREATED: ['RESTORING', 'CLOSED'],
  RESTORING: ['RUNNING', 'CLOSED'],
  RUNNING: ['CLOSED'],
  CLOSED: [],
};

/** Restarts without progress after which every record is named in the log before it is handled. */
const CAREFUL_AFTER = 5;

export type TaskDeps = {
  logs: TaskLogs;
  author: Author;
  startedAt: number;
  /** Of the consumer group; null while it is not known. */
  generation: () => number | null;
  reader: LogReader;
  writer: LogWriter;
  trim: (below: number) => Promise<void>;
  handle: OrderHandler;
  policy: RetryPolicy;
  limits: Limits;
  checkpointIntervalMs: number;
  /** How much of the time taking checkpoints may cost this task, from 0 to 1. */
  checkpointShare: () => number;
  clock: Clock;
  random: () => number;
  logger: Logger;
  createLedger?: (state: LedgerState<PendingOrder>) => Ledger<PendingOrder>;
  /** The task has stopped by itself and says why. */
  onFailed: (error: unknown) => void;
};

export type PartitionTask = {
  readonly state: TaskState;
  /** Next offset that this task has yet to take; null before it is restored. */
  readonly nextOffset: number | null;
  /** Orders that wait for a retry or for their dead letter. */
  readonly pending: number;
  /** Restores and runs; returns at once. */
  start(): void;
  /** A checkpoint of this partition was read in its topic; `isHead` when it is the greatest so far. */
  readBack(offset: number, stamp: CheckpointStamp, isHead: boolean): void;
  /** Deletes the checkpoints that are of no use any more. */
  trim(): Promise<void>;
  /** Stops at once; with `lastCheckpoint` it first writes down what it knows. */
  close(options?: { lastCheckpoint: boolean }): Promise<void>;
};

/** A task of one partition. */
export function createPartitionTask(deps: TaskDeps): PartitionTask {
  const { logs, author, startedAt, generation, reader, policy, clock, logger } = deps;
  let state: TaskState = 'CREATED';
  let running: ReturnType<typeof run> | null = null;
  let trimBelow = 0;

  function to(next: TaskState): void {
    if (!NEXT[state].includes(next))
      throw new TypeError(`a task does not go from ${state} to ${next}`);
    state = next;
    logger.debug('task', { partition: logs.orders.partition, state });
  }

  async function start(): Promise<void> {
    to('RESTORING');
    try {
      const restored = await restore({ ...deps, maxBackoffMs: policy.maxBackoffMs });
      if (state !== 'RESTORING') return;
      running = run(restored);
      to('RUNNING');
    } catch (error) {
      fail(error);
    }
  }

  function fail(error: unknown): void {
    if (state === 'CLOSED') return;
    void close({ lastCheckpoint: true });
    deps.onFailed(error);
  }

  async function close(options = { lastCheckpoint: false }): Promise<void> {
    if (state === 'CLOSED') return;
    to('CLOSED');
    await running?.stop(options.lastCheckpoint);
  }

  function run({ ledger, retries, restarts }: Restored) {
    const { limits, checkpointIntervalMs, checkpointShare } = deps;
    const books = ledger.state;
    const followings: Following[] = [];
    let highWatermark = books.nextOffset;
    const startOfRun = books.nextOffset;
    let abandoned = false;
    const outbox = createDeadLetterOutbox({
      ...deps,
      source: logs.orders,
      target: logs.deadLetters,
      onFailed: fail,
    });
    const checkpointer: Checkpointer = createCheckpointer({
      intervalMs: checkpointIntervalMs,
      share: checkpointShare,
      clock,
      take,
      async write(value) {
        const record = { timestamp: clock.now(), key: null, value, headers: [] };
        await persist(deps, logs.checkpoints, [record], () => !abandoned);
      },
      onFailed: fail,
    });
    const onChange = () => checkpointer.changed();
    const processor = createOrderProcessor({
      ...deps,
      source: logs.orders,
      ledger,
      retries,
      limits,
      giveUp: outbox.send,
      onChange,
      onFailed: fail,
    });

    function take(): Buffer {
      return encodeCheckpoint({
        ...books,
        group: logs.group,
        topic: logs.orders.topic,
        partition: logs.orders.partition,
        generation: generation() ?? -1,
        owner: author.instance,
        ownerStartedAt: startedAt,
        writtenAt: clock.now(),
        highWatermark,
        retries: processor.retries,
        restarts: books.nextOffset === startOfRun ? restarts : 0,
        pending: [...books.pending].map(([offset, order]) => ({
          offset,
          attempts: order.attempts,
          firstFailedAt: order.firstFailedAt,
          dueAt: order.dueAt,
          error: order.error,
        })),
      });
    }

    function followOrders(): Following {
      const careful = restarts > CAREFUL_AFTER;
      return reader.follow(logs.orders, books.nextOffset, {
        async records(set) {
          highWatermark = set.highWatermark;
          const next = await walk(set, books.nextOffset, clock, (cursor) => {
            if (state !== 'RUNNING') return undefined;
            if (careful && books.nextOffset === startOfRun) {
              logger.warn('restarted without progress, next record', {
                ...logs.orders,
                offset: cursor.offset,
              });
            }
            return processor.process(cursor);
          });
          if (state !== 'RUNNING') return;
          ledger.passGap(next);
          if (set.bytes.length > 0) onChange();
        },
        outOfRange(position, { low, high }: Bounds) {
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
        failed: fail,
      });
    }

    function followDeadLetters(): Following {
      return reader.follow(logs.deadLetters, books.deadLetterOffset, {
        async records(set) {
          await walk(set, books.deadLetterOffset, clock, (cursor) => {
            if (state !== 'RUNNING') return undefined;
            const ended = followDeadLetter(cursor, logs, ledger);
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
        failed: fail,
      });
    }

    processor.resume();
    followings.push(followDeadLetters(), followOrders());
    onChange();

    return {
      books,
      async stop(lastCheckpoint: boolean): Promise<void> {
        abandoned = !lastCheckpoint;
        for (const following of followings) following.close();
        processor.close();
        outbox.close();
        await checkpointer.close();
      },
    };
  }

  return {
    get state() {
      return state;
    },
    get nextOffset() {
      return running?.books.nextOffset ?? null;
    },
    get pending() {
      return running?.books.pending.size ?? 0;
    },
    start: () => void start(),
    readBack(offset, stamp, isHead) {
      const own = stamp.owner === author.instance && stamp.ownerStartedAt === startedAt;
      const known = generation();
      if (own) {
        // One that is behind must not take the head away from those who restore after us.
        if (isHead) trimBelow = offset;
      } else if (state !== 'CLOSED' && known !== null && stamp.generation > known) {
        logger.warn('another instance owns this partition now', {
          ...logs.orders,
          owner: stamp.owner,
        });
        void close();
      }
    },
    async trim() {
      if (state === 'RUNNING' && trimBelow > 0) await deps.trim(trimBelow);
    },
    close,
  };
}

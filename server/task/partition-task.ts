// One partition of orders: its life, from the restore to the end.
//
//   CREATED ──start──▶ RESTORING ──▶ RUNNING
//      └──────────────────┴────────────┴──close, failure──▶ CLOSED

import { describe, InconsistentStateError } from '../errors.ts';
import { abortable } from '../log/abortable.ts';
import { type CheckpointStamp, neededFrom } from '../log/checkpoint-stamp.ts';
import { restore } from './restore.ts';
import type { TaskDeps } from './task-deps.ts';
import { startRun, type TaskRun } from './task-run.ts';
import { NONE_WAITING, type Waiting } from './waiting-records.ts';

export type TaskState = 'CREATED' | 'RESTORING' | 'RUNNING' | 'CLOSED';

const NEXT: Record<TaskState, readonly TaskState[]> = {
  CREATED: ['RESTORING', 'CLOSED'],
  RESTORING: ['RUNNING', 'CLOSED'],
  RUNNING: ['CLOSED'],
  CLOSED: [],
};

export type PartitionTask = {
  readonly state: TaskState;
  /** Next offset that this task has yet to take; null before it is restored. */
  readonly nextOffset: number | null;
  /** The orders that wait, by what they wait for. */
  readonly waiting: Waiting;
  /** Since when the first of them has waited, or has failed first; ms since 1970, null when none waits. */
  readonly waitingSince: number | null;
  /** Restores and runs; returns at once. */
  start(): void;
  /** A checkpoint of this partition was read in its topic; `isHead` when it is the greatest so far. */
  readBack(offset: number, stamp: CheckpointStamp, isHead: boolean): void;
  /** Deletes the checkpoints that are of no use any more. */
  trim(): Promise<void>;
  /**
   * Stops at once, with `lastCheckpoint` not before what it knows is written down; once it was closed
   * without, nothing more is written. Resolves when nothing goes on any more.
   */
  close(options?: { lastCheckpoint: boolean }): Promise<void>;
};

/** A task of one partition. */
export function createPartitionTask<Value, State>(deps: TaskDeps<Value, State>): PartitionTask {
  const { logs, owner, business, rules, ports, runtime, outlets, createLedger } = deps;
  const { logger } = runtime;
  let state: TaskState = 'CREATED';
  let running: TaskRun | null = null;
  let trimBelow = 0;
  const restoring = new AbortController();

  function to(next: TaskState): void {
    if (!NEXT[state].includes(next))
      throw new TypeError(`a task does not go from ${state} to ${next}`);
    state = next;
    logger.debug('task', { partition: logs.orders.partition, state });
  }

  async function start(): Promise<void> {
    if (state === 'CLOSED') return;
    to('RESTORING');
    try {
      const restored = await restore({
        logs,
        reader: ports.reader,
        clock: runtime.clock,
        signal: restoring.signal,
        fold: business.fold,
        ordering: rules.ordering,
        maxBackoffMs: rules.policy.maxBackoffMs,
        logger,
        createLedger,
      });
      // Whether it is paused stands in the commands.
      if (deps.commands) await abortable(restoring.signal, deps.commands.log.caughtUp());
      if (state !== 'RESTORING') return;
      running = startRun({ ...deps, outlets: { ...outlets, onFailed: fail } }, restored);
      to('RUNNING');
    } catch (error) {
      // A restore that was ended from outside has not failed.
      if (!restoring.signal.aborted) fail(error);
    }
  }

  function fail(error: unknown): void {
    if (state === 'CLOSED') {
      // Nobody waits to be told any more, but what was to be written last may be missing.
      logger.error('a task failed while it was closing', {
        ...logs.orders,
        reason: describe(error),
      });
      return;
    }
    // Who has met a contradiction states nothing any more.
    void close({ lastCheckpoint: !(error instanceof InconsistentStateError) });
    outlets.onFailed(error);
  }

  async function close({ lastCheckpoint } = { lastCheckpoint: false }): Promise<void> {
    if (state !== 'CLOSED') to('CLOSED');
    restoring.abort();
    await running?.stop(lastCheckpoint);
  }

  return {
    get state() {
      return state;
    },
    get nextOffset() {
      return running?.books.nextOffset ?? null;
    },
    get waiting() {
      return running?.waiting() ?? NONE_WAITING;
    },
    get waitingSince() {
      const [first] = running?.books.pending.values() ?? [];
      return first?.firstFailedAt ?? null;
    },
    start: () => void start(),
    readBack(offset, stamp, isHead) {
      const own = stamp.owner === owner.author.instance && stamp.ownerStartedAt === owner.startedAt;
      const known = owner.generation();
      const placed = { ...stamp, offset };
      if (state === 'RUNNING') running?.readBack(placed, own, isHead);
      if (own) {
        // One that is behind must not take the head away from those who restore after us.
        if (isHead) trimBelow = neededFrom(placed);
      } else if (state !== 'CLOSED' && known !== null && stamp.generation > known) {
        logger.warn('another instance owns this partition now', {
          ...logs.orders,
          owner: stamp.owner,
        });
        void close();
      }
    },
    async trim() {
      if (state === 'RUNNING' && trimBelow > 0) await ports.trim(trimBelow);
    },
    close,
  };
}

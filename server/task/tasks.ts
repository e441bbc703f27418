// Which tasks run here: the difference between the assignment and what runs already.
import { describe } from '../errors.ts';
import type { OnCheckpoint } from '../log/checkpoint-stamp.ts';
import type { Clock } from '../log/clock.ts';
import type { Logger } from '../log/logger.ts';
import type { PartitionTask } from './partition-task.ts';
import { type StoppedAt, statusOf, type TasksStatus } from './tasks-status.ts';

const TRIM_INTERVAL_MS = 60_000;

export type Tasks = {
  /** Starts what is new, closes what is gone at once, leaves the rest alone. */
  assign(partitions: readonly number[]): void;
  /** A checkpoint was read in its topic. */
  readBack: OnCheckpoint;
  /** Next offsets of the running tasks, for tools that show the lag of the group. */
  positions(): Map<number, number>;
  status(): TasksStatus;
  /** Since when the first waiting order of each running task has waited, ms since 1970; null: none does. */
  waitingSince(): Map<number, number | null>;
  /** Writes the last checkpoints and stops everything; nothing is started any more. */
  close(): Promise<void>;
};

/** The tasks of this instance. */
export function createTasks(deps: {
  createTask: (partition: number, onFailed: (error: unknown) => void) => PartitionTask;
  clock: Clock;
  logger: Logger;
  /** How deleting old checkpoints ended: null when they are gone, or are another's business now. */
  onTrim: (partition: number, error: unknown) => void;
}): Tasks {
  const { createTask, clock, logger, onTrim } = deps;
  const tasks = new Map<number, PartitionTask>();
  const failures = new Map<number, StoppedAt>();
  /** Where the head of each partition stands, as far as checkpoints have been read. */
  const heads = new Map<number, number>();
  /** What is gone from here but has not come to its end yet. */
  const ending = new Set<Promise<void>>();
  let open = true;
  let cancelTrim = clock.after(TRIM_INTERVAL_MS, trim);

  function trim(): void {
    for (const [partition, task] of tasks) {
      task.trim().then(
        () => onTrim(partition, null),
        (error: unknown) => onTrim(partition, tasks.get(partition) === task ? error : null),
      );
    }
    cancelTrim = clock.after(TRIM_INTERVAL_MS, trim);
  }

  function end(task: PartitionTask): void {
    const ended = task.close().finally(() => ending.delete(ended));
    ending.add(ended);
  }

  function start(partition: number): void {
    const task = createTask(partition, (error) => {
      const reason = describe(error);
      logger.error('a partition has stopped', { partition, offset: task.nextOffset, reason });
      // Where a restore failed is not known, but no further than the head from which it started.
      const at = task.nextOffset ?? heads.get(partition) ?? -1;
      failures.set(partition, { partition, reason, at });
    });
    tasks.set(partition, task);
    task.start();
  }

  return {
    assign(partitions) {
      if (!open) return;
      for (const [partition, task] of tasks) {
        if (partitions.includes(partition) && task.state !== 'CLOSED') continue;
        tasks.delete(partition);
        failures.delete(partition);
        onTrim(partition, null);
        end(task);
      }
      for (const partition of partitions) if (!tasks.has(partition)) start(partition);
    },
    readBack(partition, offset, stamp, isHead) {
      const task = tasks.get(partition);
      task?.readBack(offset, stamp, isHead);
      const failure = failures.get(partition);
      if (isHead) heads.set(partition, stamp.nextOffset);
      // Somebody has led the partition past where it stopped here: `npm run skip` does.
      if (!open || !isHead || failure === undefined || stamp.nextOffset <= failure.at) return;
      failures.delete(partition);
      logger.warn('a stopped partition goes on from the checkpoint of another', {
        partition,
        offset: stamp.nextOffset,
        owner: stamp.owner,
      });
      start(partition);
    },
    positions() {
      const positions = new Map<number, number>();
      for (const [partition, { state, nextOffset }] of tasks) {
        if (state === 'RUNNING' && nextOffset !== null) positions.set(partition, nextOffset);
      }
      return positions;
    },
    status: () => statusOf(tasks, failures),
    waitingSince() {
      const running = [...tasks].filter(([, { state }]) => state === 'RUNNING');
      return new Map(running.map(([partition, { waitingSince }]) => [partition, waitingSince]));
    },
    async close() {
      open = false;
      cancelTrim();
      const last = [...tasks.values()].map((task) => task.close({ lastCheckpoint: true }));
      await Promise.all([...last, ...ending]);
    },
  };
}

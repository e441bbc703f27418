// How the tasks of an instance are, as others are told.
import type { PartitionTask, TaskState } from './partition-task.ts';
import type { Waiting } from './waiting-records.ts';

/** A task that has stopped by itself. */
export type TaskFailure = { readonly partition: number; readonly reason: string };

/** How the tasks are. */
export type TasksStatus = {
  /** Not running yet. */
  readonly restoring: number[];
  /** Stopped by themselves. */
  readonly failures: TaskFailure[];
  /** Taken over by another instance. */
  readonly fenced: number[];
  /** What waits in each running one: calls in flight, retries, dead letters that are not read back. */
  readonly waiting: (Waiting & { readonly partition: number })[];
};

/** With the offset at which it stopped, as far as that is known. */
export type StoppedAt = TaskFailure & { readonly at: number };

/** The tasks by their partitions, and those that have stopped by themselves. */
export function statusOf(
  tasks: ReadonlyMap<number, Pick<PartitionTask, 'state' | 'waiting'>>,
  failures: ReadonlyMap<number, StoppedAt>,
): TasksStatus {
  const inState = (...states: TaskState[]) =>
    [...tasks].filter(([, { state }]) => states.includes(state)).map(([number]) => number);
  return {
    restoring: inState('CREATED', 'RESTORING'),
    failures: [...failures.values()].map(({ at: _at, ...failure }) => failure),
    fenced: inState('CLOSED').filter((partition) => !failures.has(partition)),
    waiting: [...tasks]
      .filter(([, { state }]) => state === 'RUNNING')
      .map(([partition, { waiting }]) => ({ partition, ...waiting })),
  };
}

// What this instance does with its partitions at the moment, in the words of the HTTP contract.
import type { PartitionWork } from '../http/contract.ts';
import type { Tasks } from '../task/tasks.ts';

/** The partitions whose tasks run, in order. Times go by whole seconds, so that they are no news each time. */
export function workOf(tasks: Pick<Tasks, 'status' | 'waitingSince'>): PartitionWork[] {
  const since = tasks.waitingSince();
  return tasks
    .status()
    .waiting.map(({ partition, inFlight, retrying, givenUp }) => {
      const at = since.get(partition) ?? null;
      const oldest = at === null ? null : new Date(Math.floor(at / 1000) * 1000).toISOString();
      return { partition, inFlight, retrying, givenUp, oldest };
    })
    .sort((a, b) => a.partition - b.partition);
}

// What this instance does with its partitions at the moment, in the words of the HTTP contract.
import type { PartitionWork } from '../http/contract.ts';
import type { Clock } from '../log/clock.ts';
import type { Tasks } from '../task/tasks.ts';

/** It changes with every order; nobody reads faster. */
const READ_EVERY_MS = 1000;

/**
 * The partitions whose tasks run, in order; read again when the last reading is a second old. Times go by
 * whole seconds, so that they are no news each time.
 */
export function createWork(
  tasks: Pick<Tasks, 'status' | 'waitingSince'>,
  clock: Pick<Clock, 'monotonic'>,
): () => PartitionWork[] {
  let last: PartitionWork[] = [];
  let readAt = Number.NEGATIVE_INFINITY;

  function read(): PartitionWork[] {
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

  return () => {
    const now = clock.monotonic();
    if (now - readAt >= READ_EVERY_MS) {
      readAt = now;
      last = read();
    }
    return last;
  };
}

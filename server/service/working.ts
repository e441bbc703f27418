// What waits in the partitions that this instance works on: calls of the handler apart from retries.
import type { PartitionWork } from '../http/contract.ts';

/** It changes with every order; nobody reads faster. */
const READ_EVERY_MS = 1000;

/** Reads it again when the last reading is a second old; in the order of the partitions. */
export function createWorking(
  read: () => readonly PartitionWork[],
  clock: { monotonic(): number },
): () => PartitionWork[] {
  let last: PartitionWork[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.monotonic();
    if (now - readAt < READ_EVERY_MS) return last;
    readAt = now;
    last = [...read()].sort((a, b) => a.partition - b.partition);
    return last;
  };
}

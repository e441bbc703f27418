// What a ledger knows, as a checkpoint says it.
import type { Checkpoint } from '../domain/checkpoint.ts';
import type { LedgerState } from './ledger.ts';
import type { PendingOrder } from './pending-order.ts';
import type { TaskLogs } from './restore.ts';

/** What the writer of a checkpoint adds of its own. */
export type Writer = Pick<
  Checkpoint,
  'generation' | 'owner' | 'ownerStartedAt' | 'writtenAt' | 'highWatermark' | 'retries' | 'restarts'
>;

/** The checkpoint of a ledger as it is now. */
export function checkpointOf(
  books: Readonly<LedgerState<PendingOrder>>,
  { group, orders: { topic, partition } }: TaskLogs,
  writer: Writer,
): Checkpoint {
  return {
    ...books,
    ...writer,
    group,
    topic,
    partition,
    pending: [...books.pending].map(([offset, order]) => ({
      offset,
      attempts: order.attempts,
      firstFailedAt: order.firstFailedAt,
      dueAt: order.dueAt,
      error: order.error,
    })),
  };
}

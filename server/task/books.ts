// What a ledger knows, as a checkpoint says it.
import type { Checkpoint } from '../log/checkpoint.ts';
import type { TaskLogs } from '../log/head.ts';
import { countOf } from '../log/offset-ranges.ts';
import type { LedgerState } from './ledger.ts';
import type { PendingOrder } from './pending.ts';
import type { Identities } from './restore.ts';

/** What the writer of a checkpoint adds of its own. */
export type Writer = Pick<
  Checkpoint,
  'generation' | 'owner' | 'ownerStartedAt' | 'writtenAt' | 'highWatermark' | 'retries' | 'restarts'
>;

/** The checkpoint of a ledger as it is now; `monotonic` is the time on the clock of its due times. */
export function checkpointOf(
  books: Readonly<LedgerState<PendingOrder>>,
  { group, orders: { topic, partition } }: TaskLogs,
  { orders, deadLetters }: Identities,
  monotonic: number,
  writer: Writer,
): Checkpoint {
  return {
    ...books,
    ...writer,
    gaps: countOf(books.gapRanges),
    topicId: orders.id,
    fingerprint: orders.fingerprint,
    deadLetterTopicId: deadLetters.id,
    deadLetterFingerprint: deadLetters.fingerprint,
    group,
    topic,
    partition,
    pending: [...books.pending].map(([offset, order]) => ({
      offset,
      attempts: order.attempts,
      firstFailedAt: order.firstFailedAt,
      dueIn: order.dueAt - monotonic,
      error: order.error,
    })),
  };
}

// An order that waits, as the task keeps it: its bytes, its failures, and what it waits for.
import type { DeadLetterCause } from '../log/dead-letter.ts';
import type { StoredRecord } from '../record-batch/record.ts';

export type PendingOrder = {
  readonly record: StoredRecord;
  /** Handler calls that failed. */
  attempts: number;
  /** As the wall clock showed it, for people; ms since 1970. */
  firstFailedAt: number;
  lastFailedAt: number;
  /** On the monotonic clock: no wall clock decides a wait. */
  dueAt: number;
  error: string;
};

/** An order that has just begun to wait. */
export function pendingOrder(record: StoredRecord, now: number): PendingOrder {
  return { record, attempts: 0, firstFailedAt: now, lastFailedAt: now, dueAt: 0, error: '' };
}

const GIVEN_UP = /^(RETRIES_EXHAUSTED|PERMANENT): /;

/**
 * The cause of an order whose attempts were used up before a restart, from what the checkpoint kept
 * of it: its reason, or only its last failure when MAX_RETRIES was higher then.
 */
export function exhaustedBefore(order: PendingOrder): DeadLetterCause {
  const { attempts, firstFailedAt, lastFailedAt, error } = order;
  const reason = GIVEN_UP.test(error)
    ? error
    : `RETRIES_EXHAUSTED: ${error} (after ${attempts} attempts)`;
  return {
    stage: 'process',
    disposition: reason.startsWith('PERMANENT') ? 'permanent' : 'retries_exhausted',
    reason,
    exceptionClass: 'Error',
    exceptionMessage: error,
    attempts,
    firstFailedAt,
    lastFailedAt,
  };
}

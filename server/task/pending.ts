// A record that waits, as the task keeps it: its bytes, its failures, and what it waits for.
import type { GivenUp } from '../log/checkpoint.ts';
import type { Clock } from '../log/clock.ts';
import type { DeadLetterCause } from '../log/dead-letter.ts';
import { CORE_REASONS, Fault } from '../log/fault.ts';
import type { StoredRecord } from '../record-batch/record.ts';

export type Pending = {
  readonly record: StoredRecord;
  /** Those with one lane are handled one after the other; null is free of all others. */
  readonly lane: string | null;
  /** It is the first of its lane. */
  holdsLane: boolean;
  /** Its handler has been called and has not ended. */
  inFlight: boolean;
  /** Handler calls that failed. */
  attempts: number;
  /** ms since 1970. */
  firstFailedAt: number;
  lastFailedAt: number;
  /** On the monotonic clock. */
  dueAt: number;
  /** Why the handler's failures ended it; null while it may still succeed. */
  givenUp: GivenUp | null;
  /** The last failure, in words. */
  error: string;
  /** The command that redrove it; null when it was not redriven. */
  command: string | null;
};

/** A record that has just begun to wait. */
export function pendingRecord(
  record: StoredRecord,
  lane: string | null,
  clock: Pick<Clock, 'now' | 'monotonic'>,
): Pending {
  const now = clock.now();
  return {
    record,
    lane,
    holdsLane: false,
    inFlight: false,
    attempts: 0,
    firstFailedAt: now,
    lastFailedAt: now,
    dueAt: clock.monotonic(),
    givenUp: null,
    error: '',
    command: null,
  };
}

/**
 * The cause of a record that was given up before a restart, from what the checkpoint kept of it; or
 * whose attempts are used up because MAX_RETRIES was higher then.
 */
export function givenUpBefore(pending: Pending): DeadLetterCause {
  const { attempts, firstFailedAt, lastFailedAt, error, givenUp } = pending;
  const reason = CORE_REASONS[givenUp ?? 'RETRIES_EXHAUSTED'];
  const text =
    givenUp === null ? new Fault(reason, `${error} (after ${attempts} attempts)`).text : error;
  return {
    reason,
    text,
    exceptionClass: 'Error',
    exceptionMessage: error,
    attempts,
    firstFailedAt,
    lastFailedAt,
  };
}

/** The code under which a checkpoint keeps it, if that is one of the handler's reasons. */
export function givenUpFor({ reason: { code } }: DeadLetterCause): GivenUp | null {
  return code === 'RETRIES_EXHAUSTED' || code === 'PERMANENT' ? code : null;
}

/** Stands in S until the bytes of the record have been read again. */
export function placeholder(offset: number, command: string | null): Pending {
  const record = { offset, timestamp: -1, body: Buffer.alloc(0) };
  return { ...pendingRecord(record, null, { now: () => 0, monotonic: () => 0 }), command };
}

// A record that waits, as the task keeps it: its bytes, its failures, and what it waits for.
import type { GivenUp } from '../log/checkpoint.ts';
import type { DeadLetterCause } from '../log/dead-letter.ts';
import { CORE_REASONS, Fault } from '../log/fault.ts';
import type { StoredRecord } from '../record-batch/record.ts';
import type { Failures } from './retry-policy.ts';

/** What changes while a record waits: the ledger alone changes it. */
export type Attempts = Failures & {
  /** On the monotonic clock. */
  readonly dueAt: number;
  /** Why the handler's failures ended it; null while it may still succeed. */
  readonly givenUp: GivenUp | null;
  /** The last failure, in words. */
  readonly error: string;
  /** The command that redrove it; null when it was not redriven. */
  readonly command: string | null;
};

export type Pending = Attempts & {
  readonly record: StoredRecord;
  /** Records of the same lane are handled one after the other; null waits for nobody. */
  readonly lane: string | null;
  /** False once it is among the pending of the ledger no more: to ask a map would cost more. */
  readonly waits: boolean;
};

/**
 * Takes over what is known by now. Field by field, for `Object.assign` costs as much as all the rest of a
 * failed attempt.
 */
export function learn(pending: Pending, known: Partial<Attempts>): Pending {
  const { attempts, firstFailedAt, lastFailedAt, dueAt, givenUp, error, command } = known;
  const changed: Changeable = pending;
  if (attempts !== undefined) changed.attempts = attempts;
  if (firstFailedAt !== undefined) changed.firstFailedAt = firstFailedAt;
  if (lastFailedAt !== undefined) changed.lastFailedAt = lastFailedAt;
  if (dueAt !== undefined) changed.dueAt = dueAt;
  if (givenUp !== undefined) changed.givenUp = givenUp;
  if (error !== undefined) changed.error = error;
  if (command !== undefined) changed.command = command;
  return pending;
}

/** It is among the pending no more. */
export function leave(pending: Pending): void {
  const changed: Changeable = pending;
  changed.waits = false;
}

type Changeable = { -readonly [Key in keyof Pending]: Pending[Key] };

/**
 * A record that begins to wait at `now`, ms since 1970, and may be attempted at once; `known` of it from
 * before, if anything.
 */
export function pendingRecord(
  record: StoredRecord,
  lane: string | null,
  now: number,
  known: Partial<Attempts> = {},
): Pending {
  // Not by a spread: a tenth of all records may fail.
  return {
    record,
    lane,
    waits: true,
    attempts: known.attempts ?? 0,
    firstFailedAt: known.firstFailedAt ?? now,
    lastFailedAt: known.lastFailedAt ?? now,
    dueAt: known.dueAt ?? 0,
    givenUp: known.givenUp ?? null,
    error: known.error ?? '',
    command: known.command ?? null,
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

/** Keeps the place of a pending record in a restore, until its bytes have been read again. */
export function placeholder(offset: number, command: string | null): Pending {
  const record = { offset, timestamp: -1, body: Buffer.alloc(0) };
  return pendingRecord(record, null, 0, { command });
}

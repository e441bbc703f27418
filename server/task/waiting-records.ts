// The records of a partition that wait: for room or their turn, for the end of their call, for their next
// attempt, or for their dead letter.
import type { DeadLetterCause } from '../log/dead-letter.ts';
import type { PartitionTracing } from '../log/tracing.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import type { Calls } from './calls.ts';
import { createInFlight } from './in-flight.ts';
import { createIntake } from './intake.ts';
import type { Ledger } from './ledger.ts';
import { type Pending, pendingRecord } from './pending.ts';
import { createRetries } from './retries.ts';
import type { Rules, Runtime } from './task-deps.ts';
import { createTurns } from './turns.ts';

/** The orders that wait in one partition, by what they wait for. */
export type Waiting = {
  /** For the end of their handler call. */
  readonly inFlight: number;
  /** For their next attempt, or for their turn. */
  readonly retrying: number;
  /** For their dead letter: they have been given up, and it has not been read back. */
  readonly givenUp: number;
};

export const NONE_WAITING: Waiting = { inFlight: 0, retrying: 0, givenUp: 0 };

export type WaitingRecords<Value> = {
  /** Whether somebody is in the lane. */
  isBusy(lane: string): boolean;
  /** The record under the cursor, which has arrived, waits from now on. */
  hold(cursor: RecordCursor, lane: string | null): Pending;
  /** Its lane is free, and taken by it; the same record. */
  enter(pending: Pending): Pending;
  /** It waits for its lane, and then for a call that may begin. */
  standInLine(pending: Pending): void;
  /** It is called as soon as a call may begin. */
  ready(pending: Pending): void;
  /** It waits for the end of its call. */
  follow(pending: Pending, value: Value, call: Promise<void>): void;
  /** An attempt has failed: it waits for the next one, or is given up. */
  failed(pending: Pending, error: unknown): void;
  /** It is not attempted again, and waits for its dead letter. */
  giveUp(pending: Pending, cause: DeadLetterCause): void;
  /** It was handled, and is counted. */
  settle(pending: Pending, value: Value): void;
  /** It waits no more: it was counted, or its dead letter was read. */
  ended(pending: Pending): void;
  /** A promise of room for the next record; undefined when there is room now. */
  room(): undefined | Promise<void>;
  /** Looks whether somebody may go on by now. */
  goOn(): void;
  /** Goes on with the records that a restore found pending. */
  resume(): void;
  /** Tries again what was not given up because it must not be. */
  retryHeldBack(): void;
  counts(): Waiting;
  /** How many were counted after they had waited. */
  readonly settled: number;
  /** No further attempts, and nobody is held back any more. */
  close(): void;
};

/** Those of a ledger; `take` is called with each whose turn it is. */
export function createWaitingRecords<Value>(deps: {
  ledger: Ledger<Value, unknown>;
  rules: Pick<Rules, 'policy' | 'ordering' | 'limits'>;
  runtime: Pick<Runtime, 'clock' | 'random' | 'instruments'>;
  calls: Pick<Calls<Value>, 'hasRoom'>;
  trace: PartitionTracing | null;
  take: (pending: Pending) => void;
  /** Whether attempts begin, and fail; and whether what they come to is of interest. */
  isOpen: () => boolean;
  isClosed: () => boolean;
  mayGiveUp: () => boolean;
  giveUp: (pending: Pending, cause: DeadLetterCause) => void;
  onChange: () => void;
  onFailed: (error: unknown) => void;
}): WaitingRecords<Value> {
  const { ledger, rules, runtime, calls, trace, take, isOpen, isClosed } = deps;
  const { giveUp, onChange, onFailed } = deps;
  const { instruments, clock } = runtime;
  const { pending: all } = ledger.state;
  let settled = 0;
  const isPending = (pending: Pending) => pending.waits && !isClosed();
  const turns = createTurns({
    clock,
    mayBegin: () => isOpen() && calls.hasRoom,
    take: (pending) => (isPending(pending) ? take(pending) : leave(pending)),
    onFailed,
  });
  const inFlight = createInFlight<Value>({
    ledger,
    isPending,
    settled: settle,
    failed,
    gone: leave,
    onFailed,
  });
  const intake = createIntake({
    limits: rules.limits,
    pending: all,
    isFree: () => calls.hasRoom && !(rules.ordering === 'partition' && turns.isBusy('')),
  });
  const retries = createRetries({
    ...{ ledger, clock, policy: rules.policy, random: runtime.random },
    ...{ onDue: turns.ready, mayGiveUp: deps.mayGiveUp, onChange, onFailed },
    onGivenUp(pending, cause) {
      if (pending.attempts > 0) instruments.attempts.observe(pending.attempts);
      giveUp(pending, cause);
      leave(pending);
    },
  });

  function settle(pending: Pending, value: Value): void {
    ledger.settle(pending.record.offset, value);
    instruments.attempts.observe(pending.attempts + 1);
    settled += 1;
    ended(pending);
  }

  function failed(pending: Pending, error: unknown): void {
    // What was told to end did not fail by itself: it is tried again by whoever comes after us.
    if (isOpen()) retries.failed(pending, error);
  }

  function ended(pending: Pending): void {
    intake.remove(pending);
    trace?.ended(pending.record.offset);
    retries.ended(pending);
    if (!inFlight.has(pending)) turns.leave(pending);
    onChange();
    goOn();
  }

  function leave(pending: Pending): void {
    turns.leave(pending);
    intake.look();
  }

  function goOn(): void {
    turns.goOn();
    intake.look();
  }

  return {
    isBusy: turns.isBusy,
    hold(cursor, lane) {
      const pending = pendingRecord(cursor.copy(), lane, clock.now());
      ledger.defer(pending);
      intake.add(pending);
      return pending;
    },
    enter(pending) {
      turns.enter(pending);
      return pending;
    },
    standInLine(pending) {
      if (turns.enter(pending)) turns.ready(pending);
    },
    ready: turns.ready,
    follow: inFlight.follow,
    failed,
    giveUp: retries.giveUp,
    settle,
    ended,
    room: intake.wait,
    goOn,
    resume() {
      for (const pending of all.values()) {
        intake.add(pending);
        if (turns.enter(pending)) retries.wait(pending);
      }
    },
    retryHeldBack() {
      retries.retryHeldBack();
      goOn();
    },
    counts() {
      const { givenUp } = retries;
      const called = inFlight.count();
      return { inFlight: called, retrying: all.size - called - givenUp, givenUp };
    },
    get settled() {
      return settled;
    },
    close() {
      retries.close();
      intake.look(true);
    },
  };
}

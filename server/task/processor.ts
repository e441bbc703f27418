// One record from its arrival to its end: counted, or retried until it is, or dead-lettered.
//
//   arrives ──▶ decoded, admitted ──▶ its turn ──▶ called ──▶ counted
//                    │ fault             ▲           │ fails
//                    │                   └─ retry ◀──┤ may pass
//                    └────────▶ given up ◀───────────┘ permanent, exhausted

import { causeOfFault, type DeadLetterCause } from '../log/dead-letter.ts';
import { Fault } from '../log/fault.ts';
import type { TopicPartition } from '../log/ports.ts';
import { redriveIn } from '../log/redrive.ts';
import type { PartitionTracing } from '../log/tracing.ts';
import { Unready } from '../log/unready.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { openRecord, readHeaders } from '../record-batch/record-parts.ts';
import { createCalls, type Place } from './calls.ts';
import { classify } from './failure.ts';
import { createInFlight } from './in-flight.ts';
import { createIntake } from './intake.ts';
import { createJudge } from './judge.ts';
import type { Ledger } from './ledger.ts';
import { laneOf } from './ordering.ts';
import { givenUpBefore, type Pending, pendingRecord } from './pending.ts';
import { createRetries } from './retries.ts';
import type { Business, Rules, Runtime } from './task-deps.ts';
import { createTurns } from './turns.ts';

/** What bounds the work of one partition. */
export type Limits = {
  readonly maxPending: number;
  readonly maxPendingBytes: number;
  /** Handler calls under way at once. */
  readonly concurrency: number;
  /** For one handler call. */
  readonly timeoutMs: number;
};

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

export type Processor = {
  /** Takes the record under the cursor, which stands at N or above; a promise when the next has to wait. */
  process(cursor: RecordCursor, isWanted?: () => boolean): undefined | Promise<void>;
  /** Goes on with the records that a restore found pending. */
  resume(): void;
  /** A pending record ended without us: its dead letter was read. */
  ended(pending: Pending): void;
  waiting(): Waiting;
  /** Orders counted since it began. */
  readonly counted: number;
  /** Tries again what was not given up because it must not be. */
  retryHeldBack(): void;
  /** Begins nothing more and ends the calls under way; those that succeed before it resolves are counted. */
  close(): Promise<void>;
};

const CLOSE_WITHIN_MS = 5000;

/** A processor that keeps its books in `ledger`. `onFailed` hears of a programmer's error in a later attempt. */
export function createProcessor<Value, State>(deps: {
  source: TopicPartition;
  ledger: Ledger<Value, State>;
  business: Business<Value, State>;
  rules: Pick<Rules, 'policy' | 'ordering' | 'limits'>;
  runtime: Pick<Runtime, 'clock' | 'random' | 'instruments'>;
  /** Null when nobody listens. */
  trace: PartitionTracing | null;
  /** Whether an order may be given up now; called once for each, `counted` are counted by then. */
  mayGiveUp: (counted: number) => boolean;
  giveUp: (pending: Pending, cause: DeadLetterCause) => void;
  onChange: () => void;
  onFailed: (error: unknown) => void;
}): Processor {
  const { source, ledger, business, rules, runtime, trace } = deps;
  const { mayGiveUp, giveUp, onChange, onFailed } = deps;
  const { topic, partition } = source;
  const { policy, ordering, limits } = rules;
  const { clock, random, instruments } = runtime;
  const books = ledger.state;
  let phase: 'open' | 'closing' | 'closed' = 'open';
  let counted = 0;
  let onClosed = () => {};
  const closed = new Promise<void>((resolve) => {
    onClosed = resolve;
  });
  const judge = createJudge(business.fold, books);
  const calls = createCalls({ ...limits, handle: business.handle, clock, onRoom: goOn });
  const turns = createTurns({
    clock,
    mayBegin: () => phase === 'open' && calls.hasRoom,
    take: (pending) => (isPending(pending) ? callAgain(pending) : leave(pending)),
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
    limits,
    pending: books.pending,
    isFree: () => calls.hasRoom && !(ordering === 'partition' && turns.isBusy('')),
  });
  const retries = createRetries({
    ledger,
    policy,
    clock,
    random,
    onDue: turns.ready,
    mayGiveUp: () => mayGiveUp(counted),
    onGivenUp(pending, cause) {
      if (pending.attempts > 0) instruments.attempts.observe(pending.attempts);
      giveUp(pending, cause);
      leave(pending);
    },
    onChange,
    onFailed,
  });

  function process(
    cursor: RecordCursor,
    isWanted: () => boolean = always,
  ): undefined | Promise<void> {
    if (!ledger.arrive(cursor.offset, redriveIn(cursor.bytes, cursor))) return undefined;
    const value = judge.arriving(cursor);
    if (value instanceof Unready) return takeLater(cursor, value, isWanted);
    const lane = ordering === 'none' ? null : laneOf(ordering, cursor);
    if (value instanceof Fault)
      retries.giveUp(hold(cursor, null), causeOfFault(value, clock.now()));
    else if (lane !== null && turns.isBusy(lane)) turns.enter(hold(cursor, lane));
    else if (!calls.hasRoom) turns.ready(inLane(hold(cursor, lane)));
    // What was counted at once leaves as much room as it found.
    else if (callFirst(cursor, value, lane)) return undefined;
    return intake.wait();
  }

  /** The walk stands still meanwhile, and N with it: the record is the next one still, or was passed. */
  async function takeLater(
    cursor: RecordCursor,
    { ready }: Unready,
    isWanted: () => boolean,
  ): Promise<void> {
    await Promise.race([ready, closed]);
    if (phase === 'open' && isWanted()) await process(cursor, isWanted);
  }

  /** Whether the call is done, and the value counted. */
  function callFirst(cursor: RecordCursor, value: Value, lane: string | null): boolean {
    // Spelled out: a spread would cost more here than all the rest.
    const place = { topic, partition, offset: cursor.offset, attempt: 1 };
    let call: undefined | Promise<void>;
    try {
      call = trace === null ? calls.begin(value, place) : firstTraced(trace, value, place, cursor);
    } catch (error) {
      // Nothing has been noted yet: the partition stops before this record.
      if (classify(error, 0).kind === 'programmer') throw error;
      failed(inLane(hold(cursor, lane)), error);
      return false;
    }
    if (call !== undefined) {
      inFlight.follow(inLane(hold(cursor, lane)), value, call);
      return false;
    }
    ledger.count(value);
    counted += 1;
    return true;
  }

  function callAgain(pending: Pending): void {
    const { attempts, record } = pending;
    if (pending.givenUp !== null || attempts > policy.maxRetries) {
      // It was given up before a restart, and its dead letter has not been read since.
      retries.giveUp(pending, givenUpBefore(pending));
      return;
    }
    const value = judge.stored(record);
    if (value instanceof Unready) {
      value.ready.then(() => turns.ready(pending)).catch(onFailed);
      return;
    }
    if (value instanceof Fault) {
      retries.giveUp(pending, causeOfFault(value, clock.now()));
      return;
    }
    if (attempts > 0) ledger.retried();
    try {
      const place = { topic, partition, offset: record.offset, attempt: attempts + 1 };
      const call =
        trace === null
          ? calls.begin(value, place)
          : trace.attempt({ ...place, headers: () => openRecord(record).headers }, () =>
              calls.begin(value, place),
            );
      if (call === undefined) settle(pending, value);
      else inFlight.follow(pending, value, call);
    } catch (error) {
      failed(pending, error);
    }
  }

  /** Apart: what a function captures costs it something even where it is not asked to. */
  function firstTraced(
    by: PartitionTracing,
    value: Value,
    place: Place,
    cursor: RecordCursor,
  ): undefined | Promise<void> {
    const headers = () => readHeaders(cursor.bytes, cursor);
    return by.attempt({ ...place, headers }, () => calls.begin(value, place));
  }

  function settle(pending: Pending, value: Value): void {
    ledger.settle(pending.record.offset, value);
    instruments.attempts.observe(pending.attempts + 1);
    counted += 1;
    ended(pending);
  }

  function failed(pending: Pending, error: unknown): void {
    // What was told to end did not fail by itself: it is tried again by whoever comes after us.
    if (phase === 'open') retries.failed(pending, error);
  }

  function ended(pending: Pending): void {
    intake.remove(pending);
    trace?.ended(pending.record.offset);
    retries.ended(pending);
    if (!inFlight.has(pending)) turns.leave(pending);
    onChange();
    goOn();
  }

  function hold(cursor: RecordCursor, lane: string | null): Pending {
    const pending = pendingRecord(cursor.copy(), lane, clock);
    ledger.defer(pending);
    intake.add(pending);
    return pending;
  }

  function inLane(pending: Pending): Pending {
    turns.enter(pending);
    return pending;
  }

  function leave(pending: Pending): void {
    turns.leave(pending);
    intake.look();
  }

  function goOn(): void {
    turns.goOn();
    intake.look();
  }

  function isPending(pending: Pending): boolean {
    return phase !== 'closed' && books.pending.get(pending.record.offset) === pending;
  }

  return {
    process,
    resume() {
      for (const pending of books.pending.values()) {
        intake.add(pending);
        if (turns.enter(pending)) retries.wait(pending);
      }
    },
    ended,
    waiting() {
      const { givenUp } = retries;
      const called = inFlight.count();
      return { inFlight: called, retrying: books.pending.size - called - givenUp, givenUp };
    },
    get counted() {
      return counted;
    },
    retryHeldBack() {
      retries.retryHeldBack();
      goOn();
    },
    async close() {
      if (phase !== 'open') return;
      phase = 'closing';
      retries.close();
      intake.look(true);
      onClosed();
      await calls.close(CLOSE_WITHIN_MS);
      phase = 'closed';
    },
  };
}

const always = () => true;

// One record from its arrival to its end: counted, or retried until it is, or dead-lettered.
//
//   arrives ──▶ decoded, admitted ──▶ its turn ──▶ called ──▶ counted
//                    │ fault             ▲           │ fails
//                    │                   └─ retry ◀──┤ may pass
//                    └────────▶ given up ◀───────────┘ permanent, exhausted

import { clip } from '../log/clip.ts';
import type { Clock } from '../log/clock.ts';
import { causeOfFault, type DeadLetterCause } from '../log/dead-letter.ts';
import { Fault, flawOf } from '../log/fault.ts';
import type { Fold } from '../log/fold.ts';
import type { TopicPartition } from '../log/ports.ts';
import { Unready } from '../log/unready.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import type { StoredRecord } from '../record-batch/record.ts';
import { storedValue } from '../record-batch/record-parts.ts';
import { createCalls, type Handle } from './calls.ts';
import { classify } from './failure.ts';
import { createLanes } from './lanes.ts';
import type { Ledger } from './ledger.ts';
import { createLine } from './line.ts';
import { laneOf, type Ordering } from './ordering.ts';
import { givenUpBefore, givenUpFor, type Pending, pendingRecord } from './pending.ts';
import { decide, type RetryPolicy } from './retry-policy.ts';
import { createRetryQueue } from './retry-queue.ts';

/** What bounds the work of one partition. */
export type Limits = {
  readonly maxPending: number;
  readonly maxPendingBytes: number;
  /** Handler calls under way at once. */
  readonly concurrency: number;
  /** For one handler call. */
  readonly timeoutMs: number;
};

export type Processor = {
  /** Takes the record under the cursor, which stands at N or above; a promise when the next has to wait. */
  process(cursor: RecordCursor): undefined | Promise<void>;
  /** Goes on with the records that a restore found pending. */
  resume(): void;
  /** A pending record ended without us: its dead letter was read. */
  ended(pending: Pending): void;
  /** Handler calls under way. */
  readonly inFlight: number;
  /** Begins nothing more and ends the calls under way; those that succeed before it resolves are counted. */
  close(): Promise<void>;
};

/** How many records get their turn before others do. */
const SLICE = 512;
const CLOSE_WITHIN_MS = 5000;
/** Of the last failure of each that waits: there may be a hundred thousand. */
const MAX_ERROR_BYTES = 200;

/** A processor that keeps its books in `ledger`. `onFailed` hears of a programmer's error in a later attempt. */
export function createProcessor<Value, State>(deps: {
  source: TopicPartition;
  ledger: Ledger<Value, State>;
  fold: Fold<Value, State>;
  handle: Handle<Value>;
  policy: RetryPolicy;
  ordering: Ordering;
  limits: Limits;
  clock: Clock;
  random: () => number;
  giveUp: (pending: Pending, cause: DeadLetterCause) => void;
  onChange: () => void;
  onFailed: (error: unknown) => void;
}): Processor {
  const { source, ledger, fold, handle, policy, ordering, limits, clock, random } = deps;
  const { giveUp, onChange, onFailed } = deps;
  const { topic, partition } = source;
  const { state } = ledger;
  const lanes = createLanes<Pending>();
  /** Those whose turn it is as soon as a call may begin. */
  const ready = createLine<Pending>();
  const queue = createRetryQueue<Pending>({ clock, onDue: getReady });
  const { concurrency, timeoutMs } = limits;
  const calls = createCalls({ handle, concurrency, timeoutMs, clock, onRoom: goOn });
  let phase: 'open' | 'closing' | 'closed' = 'open';
  let pendingBytes = 0;
  let takingTurns = false;
  let roomMade: (() => void) | null = null;
  let onClosed = () => {};
  const closed = new Promise<void>((resolve) => {
    onClosed = resolve;
  });

  function process(cursor: RecordCursor): undefined | Promise<void> {
    const { offset } = cursor;
    if (!ledger.arrive(offset)) return undefined;
    const flaw = flawOf(cursor.cut, cursor.fault);
    const value = flaw ?? judge(cursor.bytes, cursor.valueStart, cursor.valueEnd);
    if (value instanceof Unready) return takeLater(cursor, value);
    const lane = laneOf(ordering, cursor);
    if (value instanceof Fault) endIn(hold(cursor, null), causeOfFault(value, clock.now()));
    else if (lane !== null && lanes.isBusy(lane)) lanes.enter(lane, hold(cursor, lane));
    else if (!calls.hasRoom) getReady(inLane(hold(cursor, lane)));
    else callFirst(cursor, value, lane);
    if (hasRoom()) return undefined;
    return new Promise((resolve) => {
      roomMade = resolve;
    });
  }

  /** The walk stands still meanwhile, and N with it: the record is the next one still, or was passed. */
  async function takeLater(cursor: RecordCursor, { ready }: Unready): Promise<void> {
    await Promise.race([ready, closed]);
    if (phase === 'open') await process(cursor);
  }

  /** The value in the bytes, or why it cannot be handled, or not yet. */
  function judge(bytes: Buffer, start: number, end: number): Value | Fault | Unready {
    const value = fold.decode(bytes, start, end);
    if (value instanceof Fault || value instanceof Unready) return value;
    return fold.admit(state.folded, value) ?? value;
  }

  function judgeStored(record: StoredRecord): Value | Fault | Unready {
    const flaw = flawOf(record.cut, record.fault);
    if (flaw !== null) return flaw;
    const value = storedValue(record);
    return value === null ? judge(NOTHING, -1, -1) : judge(value, 0, value.length);
  }

  function callFirst(cursor: RecordCursor, value: Value, lane: string | null): void {
    // Spelled out: a spread would cost more here than all the rest.
    const place = { topic, partition, offset: cursor.offset, attempt: 1 };
    let call: undefined | Promise<void>;
    try {
      call = calls.begin(value, place);
    } catch (error) {
      // Nothing has been noted yet: the partition stops before this record.
      if (classify(error, 0).kind === 'programmer') throw error;
      failed(inLane(hold(cursor, lane)), error);
      return;
    }
    if (call === undefined) ledger.count(value);
    else follow(inLane(hold(cursor, lane)), value, call);
  }

  function callAgain(pending: Pending): void {
    if (pending.givenUp !== null || pending.attempts > policy.maxRetries) {
      // It was given up before a restart, and its dead letter has not been read since.
      endIn(pending, givenUpBefore(pending));
      return;
    }
    const value = judgeStored(pending.record);
    if (value instanceof Unready) {
      value.ready.then(() => getReady(pending)).catch(onFailed);
      return;
    }
    if (value instanceof Fault) {
      endIn(pending, causeOfFault(value, clock.now()));
      return;
    }
    if (pending.attempts > 0) ledger.retried();
    const place = {
      topic,
      partition,
      offset: pending.record.offset,
      attempt: pending.attempts + 1,
    };
    try {
      const call = calls.begin(value, place);
      if (call === undefined) settle(pending, value);
      else follow(pending, value, call);
    } catch (error) {
      failed(pending, error);
    }
  }

  function follow(pending: Pending, value: Value, call: Promise<void>): void {
    pending.inFlight = true;
    fold.reserve(state.folded, value);
    const end = (conclude: () => void) => {
      pending.inFlight = false;
      fold.release(state.folded, value);
      if (isPending(pending)) conclude();
      else leaveLane(pending);
    };
    call
      .then(
        () => end(() => settle(pending, value)),
        (error: unknown) => end(() => failed(pending, error)),
      )
      .catch(onFailed);
  }

  function settle(pending: Pending, value: Value): void {
    ledger.settle(pending.record.offset, value);
    release(pending);
  }

  function failed(pending: Pending, error: unknown): void {
    // What was told to end did not fail by itself: it is tried again by whoever comes after us.
    if (phase !== 'open') return;
    const now = clock.now();
    const failure = classify(error, now);
    if (failure.kind === 'programmer') {
      onFailed(error);
      return;
    }
    onChange();
    if (pending.attempts === 0) pending.firstFailedAt = now;
    pending.attempts += 1;
    pending.lastFailedAt = now;
    const decision = decide(error, failure, pending, policy, random());
    if (decision.kind === 'dead-letter') {
      endIn(pending, decision.cause);
      return;
    }
    pending.error = clip(decision.error, MAX_ERROR_BYTES);
    pending.dueAt = clock.monotonic() + decision.afterMs;
    queue.add(pending);
  }

  function endIn(pending: Pending, cause: DeadLetterCause): void {
    pending.givenUp = givenUpFor(cause);
    pending.error = clip(cause.text, MAX_ERROR_BYTES);
    onChange();
    giveUp(pending, cause);
    leaveLane(pending);
  }

  function hold(cursor: RecordCursor, lane: string | null): Pending {
    const pending = pendingRecord(cursor.copy(), lane, clock);
    ledger.defer(pending);
    pendingBytes += pending.record.body.length;
    return pending;
  }

  function inLane(pending: Pending): Pending {
    pending.holdsLane = pending.lane === null || lanes.enter(pending.lane, pending);
    return pending;
  }

  function leaveLane(pending: Pending): void {
    if (!pending.holdsLane || pending.lane === null) return;
    pending.holdsLane = false;
    const next = lanes.leave(pending.lane);
    if (next === undefined) {
      makeRoom();
      return;
    }
    next.holdsLane = true;
    getReady(next);
  }

  function release(pending: Pending): void {
    pendingBytes -= pending.record.body.length;
    if (!pending.inFlight) leaveLane(pending);
    onChange();
    goOn();
  }

  function getReady(pending: Pending): void {
    ready.push(pending);
    takeTurns();
  }

  /**
   * One after the other, although an end may make the next one ready at once. Often in a timer, where a
   * throw would end the process.
   */
  function takeTurns(): void {
    if (takingTurns) return;
    takingTurns = true;
    try {
      let left = SLICE;
      for (; phase === 'open' && ready.length > 0 && calls.hasRoom && left > 0; left -= 1) {
        const pending = ready.shift()!;
        if (isPending(pending)) callAgain(pending);
        else leaveLane(pending);
      }
      if (left === 0) clock.after(0, goOn);
    } catch (error) {
      onFailed(error);
    }
    takingTurns = false;
  }

  function goOn(): void {
    takeTurns();
    makeRoom();
  }

  function makeRoom(): void {
    if (roomMade === null || !hasRoom(0.9)) return;
    roomMade();
    roomMade = null;
  }

  function hasRoom(share = 1): boolean {
    return (
      state.pending.size < limits.maxPending * share &&
      pendingBytes < limits.maxPendingBytes * share &&
      calls.hasRoom &&
      !(ordering === 'partition' && lanes.isBusy(''))
    );
  }

  function isPending(pending: Pending): boolean {
    return phase !== 'closed' && state.pending.get(pending.record.offset) === pending;
  }

  return {
    process,
    get inFlight() {
      return calls.size;
    },
    resume() {
      for (const pending of state.pending.values()) {
        pendingBytes += pending.record.body.length;
        if (pending.lane === null || lanes.enter(pending.lane, pending)) {
          pending.holdsLane = true;
          queue.add(pending);
        }
      }
    },
    ended: release,
    async close() {
      if (phase !== 'open') return;
      phase = 'closing';
      queue.close();
      roomMade?.();
      onClosed();
      await calls.close(CLOSE_WITHIN_MS);
      phase = 'closed';
    },
  };
}

const NOTHING = Buffer.alloc(0);

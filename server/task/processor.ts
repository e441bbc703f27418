// One record from its arrival to its end: counted, or retried until it is, or dead-lettered.
//
//   arrives ──▶ decoded, admitted ──▶ its turn ──▶ called ──▶ counted
//                    │ fault             ▲           │ fails
//                    │                   └─ retry ◀──┤ may pass
//                    └────────▶ given up ◀───────────┘ permanent, exhausted

import { createAbort } from '../log/abortable.ts';
import type { DeadLetterCause } from '../log/dead-letter.ts';
import type { TopicPartition } from '../log/ports.ts';
import type { PartitionTracing } from '../log/tracing.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { createArrivals } from './arrivals.ts';
import { createCaller } from './caller.ts';
import { createCalls } from './calls.ts';
import { createJudge } from './judge.ts';
import { createLaterAttempts } from './later-attempts.ts';
import type { Ledger } from './ledger.ts';
import type { Pending } from './pending.ts';
import type { Business, Rules, Runtime } from './task-deps.ts';
import { createWaitingRecords, type Waiting, type WaitingRecords } from './waiting-records.ts';

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
  const { source, ledger, business, rules, runtime, trace, onFailed } = deps;
  const { policy, ordering, limits } = rules;
  const { clock } = runtime;
  const closing = createAbort();
  let phase: 'open' | 'closing' | 'closed' = 'open';
  const judge = createJudge(business.fold, ledger.state);
  const calls = createCalls({
    ...limits,
    handle: business.handle,
    clock,
    onRoom: () => waiting.goOn(),
  });
  const caller = createCaller(source, calls, trace);
  const waiting: WaitingRecords<Value> = createWaitingRecords({
    ...deps,
    calls,
    take: (pending) => attemptAgain(pending),
    isOpen: () => phase === 'open',
    isClosed: () => phase === 'closed',
    mayGiveUp: () => deps.mayGiveUp(counted()),
  });
  const attemptAgain = createLaterAttempts({
    ...{ ledger, judge, caller, waiting, policy, clock, onFailed },
  });
  const arrivals = createArrivals({
    ...{ ledger, judge, caller, calls, waiting, ordering, clock },
    closed: closing.signal,
  });

  function counted(): number {
    return arrivals.counted + waiting.settled;
  }

  return {
    process: arrivals.process,
    resume: waiting.resume,
    ended: waiting.ended,
    waiting: waiting.counts,
    get counted() {
      return counted();
    },
    retryHeldBack: waiting.retryHeldBack,
    async close() {
      if (phase !== 'open') return;
      phase = 'closing';
      closing.abort();
      waiting.close();
      await calls.close(CLOSE_WITHIN_MS);
      phase = 'closed';
    },
  };
}

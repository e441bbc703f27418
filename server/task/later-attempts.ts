// A record that waited and whose turn it is: attempted again, or given up.
import { causeOfFault } from '../log/dead-letter.ts';
import { Fault } from '../log/fault.ts';
import { Unready } from '../log/unready.ts';
import type { Caller } from './caller.ts';
import { FailedCall } from './calls.ts';
import type { Judge } from './judge.ts';
import type { Ledger } from './ledger.ts';
import { givenUpBefore, type Pending } from './pending.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { Runtime } from './task-deps.ts';
import type { WaitingRecords } from './waiting-records.ts';

/** What is done with each record that waits and whose turn it is; `onFailed` hears what goes wrong later. */
export function createLaterAttempts<Value>(deps: {
  ledger: Pick<Ledger<Value, unknown>, 'retried'>;
  judge: Pick<Judge<Value>, 'stored'>;
  caller: Pick<Caller<Value>, 'again'>;
  waiting: Pick<WaitingRecords<Value>, 'ready' | 'giveUp' | 'failed' | 'follow' | 'settle'>;
  policy: Pick<RetryPolicy, 'maxRetries'>;
  clock: Pick<Runtime['clock'], 'now'>;
  onFailed: (error: unknown) => void;
}): (pending: Pending) => void {
  const { ledger, judge, caller, waiting, policy, clock, onFailed } = deps;

  function attempt(pending: Pending, value: Value): void {
    // One that stood in line has not been attempted before.
    if (pending.attempts > 0) ledger.retried();
    const called = caller.again(value, pending);
    if (called === undefined) waiting.settle(pending, value);
    else if (called instanceof FailedCall) waiting.failed(pending, called.error);
    else waiting.follow(pending, value, called);
  }

  return (pending) => {
    if (pending.givenUp !== null || pending.attempts > policy.maxRetries) {
      // It was given up before a restart, and its dead letter has not been read since.
      waiting.giveUp(pending, givenUpBefore(pending));
      return;
    }
    const value = judge.stored(pending.record);
    if (value instanceof Unready) value.ready.then(() => waiting.ready(pending)).catch(onFailed);
    else if (value instanceof Fault) waiting.giveUp(pending, causeOfFault(value, clock.now()));
    else attempt(pending, value);
  };
}

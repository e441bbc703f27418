// A record that has arrived: passed over, counted after its first attempt, or waiting from now on.
import { causeOfFault } from '../log/dead-letter.ts';
import { Fault } from '../log/fault.ts';
import { redriveIn } from '../log/redrive.ts';
import { Unready } from '../log/unready.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import type { Caller } from './caller.ts';
import { type Calls, FailedCall } from './calls.ts';
import { classify } from './failure.ts';
import type { Judge } from './judge.ts';
import type { Ledger } from './ledger.ts';
import { laneOf, type Ordering } from './ordering.ts';
import type { Runtime } from './task-deps.ts';
import type { WaitingRecords } from './waiting-records.ts';

export type Arrivals = {
  /** See Processor. */
  process(cursor: RecordCursor, isWanted?: () => boolean): undefined | Promise<void>;
  /** Counted at the first attempt, since it began. */
  readonly counted: number;
};

/** Nothing has arrived yet. `closed` resolves when the next record is not waited for any more. */
export function createArrivals<Value, State>(deps: {
  ledger: Ledger<Value, State>;
  judge: Pick<Judge<Value>, 'arriving'>;
  caller: Pick<Caller<Value>, 'first'>;
  calls: Pick<Calls<Value>, 'hasRoom'>;
  waiting: WaitingRecords<Value>;
  ordering: Ordering;
  clock: Pick<Runtime['clock'], 'now'>;
  closed: AbortSignal;
}): Arrivals {
  const { ledger, judge, caller, calls, waiting, ordering, clock, closed } = deps;
  const whenClosed = new Promise<void>((resolve) => {
    closed.addEventListener('abort', () => resolve(), { once: true });
  });
  let counted = 0;

  function process(
    cursor: RecordCursor,
    isWanted: () => boolean = always,
  ): undefined | Promise<void> {
    if (!ledger.arrive(cursor.offset, redriveIn(cursor.bytes, cursor))) return undefined;
    const value = judge.arriving(cursor);
    if (value instanceof Unready) return takeLater(cursor, value, isWanted);
    const lane = ordering === 'none' ? null : laneOf(ordering, cursor);
    if (value instanceof Fault)
      waiting.giveUp(waiting.hold(cursor, null), causeOfFault(value, clock.now()));
    else if (!calls.hasRoom || (lane !== null && waiting.isBusy(lane)))
      waiting.standInLine(waiting.hold(cursor, lane));
    // What was counted at once leaves as much room as it found.
    else if (callFirst(cursor, value, lane)) return undefined;
    return waiting.room();
  }

  /** The walk stands still meanwhile, and N with it: the record is the next one still, or was passed. */
  async function takeLater(
    cursor: RecordCursor,
    { ready }: Unready,
    isWanted: () => boolean,
  ): Promise<void> {
    await Promise.race([ready, whenClosed]);
    if (!closed.aborted && isWanted()) await process(cursor, isWanted);
  }

  /** Whether the call is done, and the value counted. */
  function callFirst(cursor: RecordCursor, value: Value, lane: string | null): boolean {
    const called = caller.first(value, cursor);
    if (called === undefined) {
      ledger.count(value);
      counted += 1;
      return true;
    }
    if (called instanceof FailedCall) {
      // Nothing has been noted yet: the partition stops before this record.
      if (classify(called.error, 0).kind === 'programmer') throw called.error;
      waiting.failed(waiting.enter(waiting.hold(cursor, lane)), called.error);
    } else waiting.follow(waiting.enter(waiting.hold(cursor, lane)), value, called);
    return false;
  }

  return {
    process,
    get counted() {
      return counted;
    },
  };
}

const always = () => true;

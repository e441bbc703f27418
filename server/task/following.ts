// The two logs that a running task follows, each from where its ledger stands.
import type { Clock } from '../log/clock.ts';
import type { Fold } from '../log/fold.ts';
import type { TaskLogs } from '../log/head.ts';
import type { Instruments } from '../log/instruments.ts';
import type { Logger } from '../log/logger.ts';
import type { Follower } from '../log/ports.ts';
import { type PartitionTracing, TRACE_HEADER, traceIdOf } from '../log/tracing.ts';
import { Unready } from '../log/unready.ts';
import { damageIn, recreated, type Visit, walk } from '../log/walk.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { lastHeaders } from '../record-batch/record-parts.ts';
import { followDeadLetter, warnOfUnread } from './dead-letter-log.ts';
import type { Identities } from './identities.ts';
import type { Ledger } from './ledger.ts';
import type { Processor } from './processor.ts';

/** After so many restarts at one offset every record is logged before it is handled: one of them is to blame. */
const CAREFUL_AFTER = 5;

type Deps<Value, State> = {
  logs: TaskLogs;
  fold: Pick<Fold<Value, State>, 'decode'>;
  clock: Clock;
  logger: Logger;
  ledger: Ledger<Value, State>;
  identities: Identities;
  processor: Processor;
  isOpen: () => boolean;
  onChange: () => void;
  onFailed: (error: unknown) => void;
};

/** Hands the orders to the processor; `onEnd` hears where their log ends, `onSet` of the end of each set. */
export function ordersFollower<Value, State>(
  deps: Deps<Value, State> & {
    onEnd: (highWatermark: number) => void;
    onSet: () => void;
    instruments: Instruments;
    /** Null when nobody listens. */
    trace: PartitionTracing | null;
  },
): Follower {
  const { logs, clock, logger, ledger, identities, processor, isOpen, onChange } = deps;
  const { onEnd, onSet, trace } = deps;
  const books = ledger.state;
  const { endToEnd } = deps.instruments;
  const { partition } = logs.orders;

  /** One look per set, at the record under the cursor: to look at each would cost more than to count it. */
  function observe(last: RecordCursor, orders: number): void {
    if (last.timestamp < 0) return;
    const { offset } = last;
    const at = clock.now();
    const traceId = traceIdOf(lastHeaders(last.bytes, last, [TRACE_HEADER]));
    const labels = () => ({
      partition: String(partition),
      offset: String(offset),
      ...(traceId === null ? {} : { trace_id: traceId }),
    });
    const seconds = Math.max(0, at - last.timestamp) / 1000;
    endToEnd.observe(seconds, orders, () => ({ labels: labels(), at }));
  }

  return {
    async records(set) {
      const before = books.nextOffset;
      let last: RecordCursor | null = null;
      onEnd(set.highWatermark);
      const span = set.bytes.length > 0 ? trace?.set() : undefined;
      const visit: Visit = (cursor) => {
        if (!isOpen()) return undefined;
        if (books.restarts > CAREFUL_AFTER) {
          logger.warn('restarted without progress, next record', {
            ...logs.orders,
            offset: cursor.offset,
          });
        }
        const wait = processor.process(cursor, isOpen);
        if (last === null) {
          identities.orders.note(cursor);
          last = cursor;
        }
        return wait;
      };
      const next = await walk(set, before, clock, visit).finally(() =>
        span?.end(books.nextOffset - before),
      );
      if (!isOpen()) return;
      if (last !== null) observe(last, next - before);
      ledger.passGap(next);
      if (set.bytes.length > 0) onChange();
      onSet();
    },
    outOfRange(position, { low, high }) {
      if (position > high) throw recreated(logs.orders, position, high);
      loseUnread(ledger, logger, logs, low);
      onChange();
      return books.nextOffset;
    },
    failed: deps.onFailed,
  };
}

/** Tells the ledger, and the processor, of the dead letters that have been written. */
export function deadLettersFollower<Value, State>(deps: Deps<Value, State>): Follower {
  const { logs, fold, clock, logger, ledger, identities, processor, isOpen, onChange } = deps;
  return {
    async records(set) {
      const visit: Visit = (cursor) => {
        if (!isOpen()) return undefined;
        const ended = followDeadLetter(cursor, logs, ledger, fold);
        if (ended instanceof Unready) return ended.ready.then(() => visit(cursor));
        identities.deadLetters.note(cursor);
        if (ended !== undefined) processor.ended(ended);
        onChange();
        return undefined;
      };
      await walk(set, ledger.state.deadLetterOffset, clock, visit);
    },
    outOfRange(position, { low, high }) {
      if (position > high) throw recreated(logs.deadLetters, position, high);
      warnOfUnread(logger, logs, { from: position, to: low });
      return low;
    },
    failed: (error) => deps.onFailed(damageIn(logs.deadLetters, error)),
  };
}

/** Retention has removed orders below `low` that were not read. */
export function loseUnread(
  ledger: Pick<Ledger<unknown, unknown>, 'state' | 'lose'>,
  logger: Logger,
  { orders }: TaskLogs,
  low: number,
): void {
  logger.error('orders were removed by retention before they were read', {
    ...orders,
    from: ledger.state.nextOffset,
    to: low,
  });
  ledger.lose(low);
}

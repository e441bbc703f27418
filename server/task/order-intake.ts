// Takes orders from their log into the ledger, as long as nothing has paused the partition.
import type { Clock } from '../log/clock.ts';
import type { Logger } from '../log/logger.ts';
import type { Following, LogReader, TopicPartition } from '../log/ports.ts';
import { recreated, walk } from '../log/walk.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import type { Ledger } from './ledger.ts';

/** Restarts without progress after which every record is named in the log before it is handled. */
const CAREFUL_AFTER = 5;

export type OrderIntake = {
  readonly highWatermark: number;
  /** Takes orders, or takes none any more, not even what was read already. */
  set(on: boolean): void;
};

/** Takes nothing before it is set to. `process` gets each record, `onSet` is told of each end of a set. */
export function createOrderIntake<Value, State>(deps: {
  orders: TopicPartition;
  reader: LogReader;
  ledger: Ledger<Value, State>;
  clock: Clock;
  logger: Logger;
  process: (cursor: RecordCursor) => undefined | Promise<void>;
  /** To know the topic again by this record; once for each set. */
  note: (cursor: RecordCursor) => void;
  onSet: () => void;
  onChange: () => void;
  onFailed: (error: unknown) => void;
}): OrderIntake {
  const { orders, reader, ledger, clock, logger, process, note, onSet, onChange, onFailed } = deps;
  const books = ledger.state;
  let highWatermark = books.nextOffset;
  let following: Following | null = null;

  /** Each following knows by itself that it has ended: the one before may still be at its last set. */
  function follow(): Following {
    let open = true;
    const inner = reader.follow(orders, books.nextOffset, {
      async records(set) {
        highWatermark = set.highWatermark;
        let noted = false;
        const next = await walk(set, books.nextOffset, clock, (cursor) => {
          if (!open) return undefined;
          if (books.restarts > CAREFUL_AFTER) {
            const { offset } = cursor;
            logger.warn('restarted without progress, next record', { ...orders, offset });
          }
          const wait = process(cursor);
          if (!noted) note(cursor);
          noted = true;
          return wait;
        });
        if (!open) return;
        ledger.passGap(next);
        if (set.bytes.length > 0) onChange();
        onSet();
      },
      outOfRange(position, { low, high }) {
        if (position > high) throw recreated(orders, position, high);
        logger.error('orders were removed by retention before they were read', {
          ...orders,
          from: position,
          to: low,
        });
        ledger.lose(low);
        onChange();
        return books.nextOffset;
      },
      failed: onFailed,
    });
    return {
      close() {
        open = false;
        inner.close();
      },
    };
  }

  return {
    get highWatermark() {
      return highWatermark;
    },
    set(on) {
      if (on) following ??= follow();
      else {
        following?.close();
        following = null;
      }
    },
  };
}

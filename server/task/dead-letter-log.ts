// The dead letters of a partition, as its task reads them: in a restore and from then on.
import { ORIGIN_HEADERS, readOrigin } from '../log/dead-letter.ts';
import { Fault } from '../log/fault.ts';
import type { Fold } from '../log/fold.ts';
import type { TaskLogs } from '../log/head.ts';
import type { Logger } from '../log/logger.ts';
import type { OffsetRange } from '../log/offset-ranges.ts';
import { redriveIn } from '../log/redrive.ts';
import type { Unready } from '../log/unready.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { lastHeaders } from '../record-batch/record-parts.ts';
import type { Ledger } from './ledger.ts';
import type { Pending } from './pending.ts';

/**
 * Tells the ledger of the dead-letter record under the cursor; the pending order that it ends, or that
 * nothing has been told yet, because what the record holds is not known.
 */
export function followDeadLetter<Value, State>(
  cursor: RecordCursor,
  logs: TaskLogs,
  ledger: Ledger<Value, State>,
  fold: Pick<Fold<Value, State>, 'decode'>,
): Pending | Unready | undefined {
  const { offset, bytes, valueStart, valueEnd } = cursor;
  const from = readOrigin(lastHeaders(bytes, cursor, ORIGIN_HEADERS));
  const ours =
    from !== null &&
    from.group === logs.group &&
    from.origin.topic === logs.orders.topic &&
    from.origin.partition === logs.orders.partition;
  return ledger.readDeadLetter(offset, ours ? from.origin.offset : null, {
    decode() {
      const value = fold.decode(bytes, valueStart, valueEnd);
      if (!(value instanceof Fault)) return value;
      // The ledger asks only for an order that was counted, so it could be decoded once.
      return value.askOn?.() ?? null;
    },
    redrive: () => redriveIn(bytes, cursor),
  });
}

/** Says that dead letters are missing: an order that was counted here may stand in one of them. */
export function warnOfUnread(logger: Logger, { deadLetters }: TaskLogs, range: OffsetRange): void {
  const message = 'dead letters were removed by retention before they were read';
  logger.error(message, { ...deadLetters, ...range });
}

// Calls the handler with a record, in a span of its own when somebody listens.
import type { TopicPartition } from '../log/ports.ts';
import type { PartitionTracing } from '../log/tracing.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import type { RecordHeader } from '../record-batch/record.ts';
import { openRecord, readHeaders } from '../record-batch/record-parts.ts';
import { type Called, type Calls, FailedCall, type Place } from './calls.ts';
import type { Pending } from './pending.ts';

export type Caller<Value> = {
  /** The first attempt, at the record under the cursor. */
  first(value: Value, cursor: RecordCursor): Called;
  /** The next attempt at a record that waits. */
  again(value: Value, pending: Pending): Called;
};

/** Calls for the records of `source`; `trace` is null when nobody listens. */
export function createCaller<Value>(
  { topic, partition }: TopicPartition,
  calls: Pick<Calls<Value>, 'begin'>,
  trace: PartitionTracing | null,
): Caller<Value> {
  // Apart: what a function captures costs it something even where it is not asked to.
  function firstTraced(by: PartitionTracing, value: Value, place: Place, cursor: RecordCursor) {
    return traced(by, value, place, () => readHeaders(cursor.bytes, cursor));
  }

  function traced(
    by: PartitionTracing,
    value: Value,
    place: Place,
    headers: () => readonly RecordHeader[],
  ): Called {
    const { offset, attempt } = place;
    try {
      return by.attempt({ offset, attempt, headers }, () => {
        const called = calls.begin(value, place);
        // A span hears of a failure as of something that was thrown.
        if (called instanceof FailedCall) throw called.error;
        return called;
      });
    } catch (error) {
      return new FailedCall(error);
    }
  }

  return {
    first(value, cursor) {
      // Spelled out: a spread would cost more here than all the rest.
      const place = { topic, partition, offset: cursor.offset, attempt: 1 };
      return trace === null ? calls.begin(value, place) : firstTraced(trace, value, place, cursor);
    },
    again(value, { record, attempts }) {
      const place = { topic, partition, offset: record.offset, attempt: attempts + 1 };
      return trace === null
        ? calls.begin(value, place)
        : traced(trace, value, place, () => openRecord(record).headers);
    },
  };
}

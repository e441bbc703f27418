// Calls the handler with a record, in a span of its own when somebody listens.
import type { TopicPartition } from '../log/ports.ts';
import type { PartitionTracing } from '../log/tracing.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import type { RecordHeader } from '../record-batch/record.ts';
import { openRecord, readHeaders } from '../record-batch/record-parts.ts';
import { type Called, type Calls, FailedCall } from './calls.ts';
import type { Pending } from './pending.ts';

export type Caller<Value> = {
  /** The first attempt, at the record under the cursor. */
  first(value: Value, cursor: RecordCursor): Called;
  /** The next attempt at a record that waits. */
  again(value: Value, pending: Pending): Called;
};

/** Calls for the records of `source`; `trace` is null when nobody listens. */
export function createCaller<Value>(
  source: TopicPartition,
  calls: Pick<Calls<Value>, 'begin'>,
  trace: PartitionTracing | null,
): Caller<Value> {
  if (trace !== null) return createTracedCaller(source, calls, trace);
  const { topic, partition } = source;
  // Spelled out, and apart from what is traced: this is done for every record.
  return {
    first: (value, { offset }) => calls.begin(value, { topic, partition, offset, attempt: 1 }),
    again: (value, { record: { offset }, attempts }) =>
      calls.begin(value, { topic, partition, offset, attempt: attempts + 1 }),
  };
}

function createTracedCaller<Value>(
  source: TopicPartition,
  calls: Pick<Calls<Value>, 'begin'>,
  trace: PartitionTracing,
): Caller<Value> {
  function traced(
    value: Value,
    offset: number,
    attempt: number,
    headers: () => readonly RecordHeader[],
  ): Called {
    try {
      return trace.attempt({ offset, attempt, headers }, () => {
        const called = calls.begin(value, { ...source, offset, attempt });
        // A span hears of a failure as of something that was thrown.
        if (called instanceof FailedCall) throw called.error;
        return called;
      });
    } catch (error) {
      return new FailedCall(error);
    }
  }

  return {
    first: (value, cursor) =>
      traced(value, cursor.offset, 1, () => readHeaders(cursor.bytes, cursor)),
    again: (value, { record, attempts }) =>
      traced(value, record.offset, attempts + 1, () => openRecord(record).headers),
  };
}

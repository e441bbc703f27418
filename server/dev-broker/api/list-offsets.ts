import { openRecordSet } from '../../record-batch/reader.ts';
import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import type { PartitionLog } from '../partition-log.ts';

const LATEST = -1;
const EARLIEST = -2;

type Found = { offset: number; timestamp: number };

async function offsetAt(log: PartitionLog, time: number): Promise<Found> {
  const unknown = { offset: -1, timestamp: -1 };
  if (time === LATEST) return { offset: log.end(), timestamp: -1 };
  if (time === EARLIEST) return { offset: log.start(), timestamp: -1 };
  const bytes = time < 0 ? null : log.batchAt(time);
  if (!bytes) return unknown;
  const cursor = openRecordSet({ bytes, aborted: [] }, log.start());
  if (!(await cursor.nextBatch())) return unknown;
  while (cursor.next()) {
    if (cursor.timestamp >= time) return { offset: cursor.offset, timestamp: cursor.timestamp };
  }
  return unknown;
}

export const listOffsets = defineApi({
  key: 2,
  name: 'ListOffsets',
  versions: [1, 5],
  decode(r, version) {
    r.int32();
    if (version >= 2) r.int8();
    return r.array(() => ({
      name: r.string(),
      partitions: r.array(() => {
        const partition = r.int32();
        if (version >= 4) r.int32();
        return { partition, time: r.int64() };
      }),
    }));
  },
  handle: (topics, broker) =>
    Promise.all(
      topics.map(async ({ name, partitions }) => ({
        name,
        partitions: await Promise.all(
          partitions.map(async ({ partition, time }) => {
            const log = broker.topics.log(name, partition);
            if (log) return { partition, error: ErrorCode.NONE, ...(await offsetAt(log, time)) };
            const error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
            return { partition, error, offset: -1, timestamp: -1 };
          }),
        ),
      })),
    ),
  encode(w, topics, version) {
    if (version >= 2) w.int32(0);
    w.array(topics, ({ name, partitions }) => {
      w.string(name);
      w.array(partitions, ({ partition, error, timestamp, offset }) => {
        w.int32(partition);
        w.int16(error);
        w.int64(timestamp);
        w.int64(offset);
        if (version >= 4) w.int32(-1);
      });
    });
  },
});

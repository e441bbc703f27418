import { openRecordSet } from '../../record-batch/reader.ts';
import { defineApi } from '../api.ts';
import { byTopic, eachPartition, uniquePartitions } from '../by-topic.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';
import type { PartitionLog } from '../partition-log.ts';

const LATEST = -1;
const EARLIEST = -2;

async function offsetAt(log: PartitionLog, time: number) {
  if (time === LATEST) return { offset: log.end(), timestamp: -1 };
  if (time === EARLIEST) return { offset: log.start(), timestamp: -1 };
  const bytes = time < 0 ? null : log.batchAt(time);
  if (bytes) {
    const cursor = openRecordSet({ bytes, aborted: [] }, log.start());
    while (await cursor.nextBatch()) {
      while (cursor.next()) {
        if (cursor.timestamp >= time) return { offset: cursor.offset, timestamp: cursor.timestamp };
      }
    }
  }
  return { offset: -1, timestamp: -1 };
}

export const listOffsets = defineApi(2, 'ListOffsets', [1, 5], {
  throttledSince: 2,
  request: {
    replica: t.int32,
    isolation: t.since(2, t.int8),
    topics: byTopic({ partition: t.int32, leaderEpoch: t.since(4, t.int32), time: t.int64 }),
  },
  answer: {
    topics: byTopic({
      partition: t.int32,
      error: t.int16,
      timestamp: t.int64,
      offset: t.int64,
      leaderEpoch: t.since(4, t.int32),
    }),
  },
  handle: async ({ topics }, broker) => ({
    topics: await eachPartition(uniquePartitions(topics), async (name, { partition, time }) => {
      const log = broker.topics.log(name, partition);
      const error = log ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      const found = log ? await offsetAt(log, time) : { offset: -1, timestamp: -1 };
      return { partition, error, leaderEpoch: -1, ...found };
    }),
  }),
});

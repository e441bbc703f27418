import { type Broker, defineApi } from '../api.ts';
import { byTopic, eachPartition } from '../by-topic.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

/** In place of an offset: all that is there. */
const HIGH_WATERMARK = -1;

function deleteBefore({ topics, disk }: Broker, name: string, partition: number, wanted: number) {
  const refuse = (error: ErrorCode) => ({ partition, low: -1, error });
  const log = topics.log(name, partition);
  if (!log) return refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const offset = wanted === HIGH_WATERMARK ? log.end() : wanted;
  if (offset < 0 || offset > log.end()) return refuse(ErrorCode.OFFSET_OUT_OF_RANGE);
  const error = disk.attempt(() => log.deleteBefore(offset));
  return error === ErrorCode.NONE ? { partition, low: log.start(), error } : refuse(error);
}

export const deleteRecords = defineApi(21, 'DeleteRecords', [0, 1], {
  request: { topics: byTopic({ partition: t.int32, offset: t.int64 }), timeout: t.int32 },
  answer: { topics: byTopic({ partition: t.int32, low: t.int64, error: t.int16 }) },
  handle: async ({ topics }, broker) => ({
    topics: await eachPartition(topics, (name, { partition, offset }) =>
      deleteBefore(broker, name, partition, offset),
    ),
  }),
});

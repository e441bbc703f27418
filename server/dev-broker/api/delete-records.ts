import { type Broker, defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';

/** In place of an offset: all that is there. */
const HIGH_WATERMARK = -1;

function deleteBefore(broker: Broker, name: string, partition: number, wanted: number) {
  const refuse = (error: ErrorCode) => ({ partition, low: -1, error });
  const log = broker.topics.log(name, partition);
  if (!log) return refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const offset = wanted === HIGH_WATERMARK ? log.end() : wanted;
  if (offset < 0 || offset > log.end()) return refuse(ErrorCode.OFFSET_OUT_OF_RANGE);
  const error = broker.disk.attempt(() => log.deleteBefore(offset));
  return error === ErrorCode.NONE ? { partition, low: log.start(), error } : refuse(error);
}

export const deleteRecords = defineApi({
  key: 21,
  name: 'DeleteRecords',
  versions: [0, 1],
  decode(r) {
    const topics = r.array(() => ({
      name: r.string(),
      partitions: r.array(() => ({ partition: r.int32(), offset: r.int64() })),
    }));
    r.int32();
    return topics;
  },
  handle: (topics, broker) =>
    topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partition, offset }) =>
        deleteBefore(broker, name, partition, offset),
      ),
    })),
  encode(w, topics) {
    w.int32(0);
    w.array(topics, ({ name, partitions }) => {
      w.string(name);
      w.array(partitions, ({ partition, low, error }) => {
        w.int32(partition);
        w.int64(low);
        w.int16(error);
      });
    });
  },
});

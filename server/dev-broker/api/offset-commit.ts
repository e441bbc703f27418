import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import type { PartitionOffset } from '../groups.ts';

const MAX_METADATA = 4096;

export const offsetCommit = defineApi({
  key: 8,
  name: 'OffsetCommit',
  versions: [2, 7],
  decode(r, version) {
    const group = r.string();
    const generation = r.int32();
    const memberId = r.string();
    if (version >= 7) r.nullableString();
    if (version <= 4) r.int64();
    const topics = r.array(() => ({
      name: r.string(),
      partitions: r.array(() => {
        const partition = r.int32();
        const offset = r.int64();
        if (version >= 6) r.int32();
        return { partition, offset, metadata: r.string() };
      }),
    }));
    return { group, generation, memberId, topics };
  },
  handle({ group, generation, memberId, topics }, broker) {
    const refusal = ({ topic, partition, offset, metadata }: PartitionOffset): ErrorCode => {
      if (!broker.topics.log(topic, partition)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      if (metadata.length > MAX_METADATA) return ErrorCode.OFFSET_METADATA_TOO_LARGE;
      return Number.isSafeInteger(offset) ? ErrorCode.NONE : ErrorCode.OFFSET_OUT_OF_RANGE;
    };
    const answers = topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((each) => {
        const offset = { topic: name, ...each };
        return { offset, error: refusal(offset) };
      }),
    }));
    const accepted = answers
      .flatMap(({ partitions }) => partitions)
      .filter(({ error }) => error === ErrorCode.NONE);
    const offsets = accepted.map(({ offset }) => offset);
    const error = broker.groups.commit(group, memberId, generation, offsets);
    for (const each of accepted) each.error = error;
    return answers;
  },
  encode(w, topics, version) {
    if (version >= 3) w.int32(0);
    w.array(topics, ({ name, partitions }) => {
      w.string(name);
      w.array(partitions, ({ offset, error }) => {
        w.int32(offset.partition);
        w.int16(error);
      });
    });
  },
});

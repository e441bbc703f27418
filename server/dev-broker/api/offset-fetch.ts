import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import type { Committed, PartitionOffset } from '../groups.ts';

const unknown: Committed = { offset: -1, metadata: '' };

export const offsetFetch = defineApi({
  key: 9,
  name: 'OffsetFetch',
  versions: [1, 5],
  decode(r) {
    const group = r.string();
    const topics = r.nullableArray(() => ({ name: r.string(), partitions: r.array(r.int32) }));
    return { group, topics };
  },
  handle({ group, topics }, { groups }) {
    if (topics === null) {
      const all = new Map<string, PartitionOffset[]>();
      for (const offset of groups.allCommitted(group)) {
        all.set(offset.topic, [...(all.get(offset.topic) ?? []), offset]);
      }
      return [...all].map(([name, partitions]) => ({ name, partitions }));
    }
    return topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((partition) => ({
        ...(groups.committed(group, name, partition) ?? unknown),
        partition,
      })),
    }));
  },
  encode(w, topics, version) {
    if (version >= 3) w.int32(0);
    w.array(topics, ({ name, partitions }) => {
      w.string(name);
      w.array(partitions, ({ partition, offset, metadata }) => {
        w.int32(partition);
        w.int64(offset);
        if (version >= 5) w.int32(-1);
        w.nullableString(metadata);
        w.int16(ErrorCode.NONE);
      });
    });
    if (version >= 2) w.int16(ErrorCode.NONE);
  },
});

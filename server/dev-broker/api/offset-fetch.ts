import { defineApi } from '../api.ts';
import { byTopic } from '../by-topic.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

export const offsetFetch = defineApi({
  key: 9,
  name: 'OffsetFetch',
  versions: [1, 5],
  throttledSince: 3,
  request: {
    group: t.string,
    topics: t.nullableArray(t.struct({ name: t.string, partitions: t.array(t.int32) })),
  },
  answer: {
    topics: byTopic({
      partition: t.int32,
      offset: t.int64,
      leaderEpoch: t.since(5, t.int32),
      metadata: t.nullableString,
      error: t.int16,
    }),
    error: t.since(2, t.int16),
  },
  handle({ group, topics }, { groups }) {
    const committed = groups.committed(group);
    const names = topics?.map(({ name }) => name) ?? committed.map(({ topic }) => topic);
    const partitionsOf = (name: string) =>
      topics?.find((topic) => topic.name === name)?.partitions ??
      committed.filter(({ topic }) => topic === name).map(({ partition }) => partition);
    const find = (name: string, partition: number) =>
      committed.find((each) => each.topic === name && each.partition === partition);
    return {
      topics: [...new Set(names)].map((name) => ({
        name,
        partitions: partitionsOf(name).map((partition) => {
          const { offset = -1, metadata = '' } = find(name, partition) ?? {};
          return { partition, offset, leaderEpoch: -1, metadata, error: ErrorCode.NONE };
        }),
      })),
      error: ErrorCode.NONE,
    };
  },
});

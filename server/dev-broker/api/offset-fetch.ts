import { defineApi } from '../api.ts';
import { byTopic } from '../by-topic.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';
import { unique } from '../unique.ts';

export const offsetFetch = defineApi(9, 'OffsetFetch', [1, 5], {
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
    const all = [...committed].map(([name, of]) => ({ name, partitions: [...of.keys()] }));
    const unknown = { offset: -1, metadata: '' };
    return {
      topics: unique(topics ?? all, ({ name }) => name).map(({ name, partitions }) => ({
        name,
        partitions: unique(partitions, (each) => each).map((partition) => {
          const found = committed.get(name)?.get(partition) ?? unknown;
          return { partition, leaderEpoch: -1, error: ErrorCode.NONE, ...found };
        }),
      })),
      error: ErrorCode.NONE,
    };
  },
});

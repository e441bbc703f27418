import { defineApi } from '../api.ts';
import * as t from '../fields.ts';

export const createPartitions = defineApi({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 1],
  request: {
    topics: t.array(
      t.struct({
        name: t.string,
        partitions: t.int32,
        assignments: t.nullableArray(t.array(t.int32)),
      }),
    ),
    timeout: t.int32,
    dryRun: t.boolean,
  },
  answer: {
    results: t.array(t.struct({ name: t.string, error: t.int16, message: t.nullableString })),
  },
  handle: ({ topics: wanted, dryRun }, { topics }) => ({
    results: wanted.map(({ name, partitions }) => {
      const error = dryRun ? topics.growthFault(name, partitions) : topics.grow(name, partitions);
      return { name, error, message: null };
    }),
  }),
});

import { defineApi } from '../api.ts';
import * as t from '../fields.ts';

export const createPartitions = defineApi(37, 'CreatePartitions', [0, 1], {
  request: {
    topics: t.list({
      name: t.string,
      partitions: t.int32,
      assignments: t.nullableArray(t.array(t.int32)),
    }),
    timeout: t.int32,
    dryRun: t.boolean,
  },
  answer: {
    results: t.list({ name: t.string, error: t.int16, message: t.nullableString }),
  },
  handle: ({ topics: wanted, dryRun }, { topics }) => ({
    results: wanted.map(({ name, partitions }) => {
      const error = topics.grow(name, partitions, dryRun);
      return { name, error, message: null };
    }),
  }),
});

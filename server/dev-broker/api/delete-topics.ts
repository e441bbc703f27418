import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

export const deleteTopics = defineApi(20, 'DeleteTopics', [0, 3], {
  throttledSince: 1,
  request: { names: t.array(t.string), timeout: t.int32 },
  answer: { results: t.list({ name: t.string, error: t.int16 }) },
  handle: ({ names }, { topics, groups }) => ({
    results: names.map((name) => {
      const error = topics.delete(name);
      if (error === ErrorCode.NONE) groups.forgetTopic(name);
      return { name, error };
    }),
  }),
});

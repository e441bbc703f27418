import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';

export const deleteTopics = defineApi({
  key: 20,
  name: 'DeleteTopics',
  versions: [0, 3],
  decode(r) {
    const names = r.array(r.string);
    r.int32();
    return names;
  },
  handle: (names, { topics, groups }) =>
    names.map((name) => {
      const error = topics.delete(name);
      if (error === ErrorCode.NONE) groups.forgetTopic(name);
      return { name, error };
    }),
  encode(w, results, version) {
    if (version >= 1) w.int32(0);
    w.array(results, ({ name, error }) => {
      w.string(name);
      w.int16(error);
    });
  },
});

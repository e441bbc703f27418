import { defineApi } from '../api.ts';

export const deleteGroups = defineApi({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 1],
  decode: (r) => r.array(r.string),
  handle: (ids, { groups }) => ids.map((id) => ({ id, error: groups.delete(id) })),
  encode(w, results) {
    w.int32(0);
    w.array(results, ({ id, error }) => {
      w.string(id);
      w.int16(error);
    });
  },
});

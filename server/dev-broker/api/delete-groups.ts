import { defineApi } from '../api.ts';
import * as t from '../fields.ts';

export const deleteGroups = defineApi({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 1],
  request: { ids: t.array(t.string) },
  answer: { results: t.array(t.struct({ id: t.string, error: t.int16 })) },
  handle: ({ ids }, { groups }) => ({
    results: ids.map((id) => ({ id, error: groups.delete(id) })),
  }),
});

import { defineApi } from '../api.ts';
import * as t from '../fields.ts';

export const deleteGroups = defineApi(42, 'DeleteGroups', [0, 1], {
  request: { ids: t.array(t.string) },
  answer: { results: t.list({ id: t.string, error: t.int16 }) },
  handle: ({ ids }, { groups }) => ({
    results: ids.map((id) => ({ id, error: groups.delete(id) })),
  }),
});

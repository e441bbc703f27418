import { defineApi } from '../api.ts';
import * as t from '../fields.ts';

export const heartbeat = defineApi(12, 'Heartbeat', [0, 3], {
  throttledSince: 1,
  request: {
    group: t.string,
    generation: t.int32,
    memberId: t.string,
    instanceId: t.since(3, t.nullableString),
  },
  answer: { error: t.int16 },
  handle: ({ group, generation, memberId }, { groups }) => ({
    error: groups.of(group).heartbeat(memberId, generation, groups.now()),
  }),
});

import { defineApi } from '../api.ts';
import type { SyncAnswer } from '../group.ts';

export const syncGroup = defineApi({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 3],
  decode(r, version) {
    const group = r.string();
    const generation = r.int32();
    const memberId = r.string();
    if (version >= 3) r.nullableString();
    const assignments = new Map(r.array(() => [r.string(), Buffer.from(r.bytes())] as const));
    return { group, generation, memberId, assignments };
  },
  handle: ({ group, ...request }, { groups }) =>
    new Promise<SyncAnswer>((reply) => {
      const answer = groups.sync(group, request, reply);
      if (answer) reply(answer);
    }),
  encode(w, { error, assignment }, version) {
    if (version >= 1) w.int32(0);
    w.int16(error);
    w.bytes(assignment);
  },
});

import { defineApi } from '../api.ts';

export const heartbeat = defineApi({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 3],
  decode(r, version) {
    const request = { group: r.string(), generation: r.int32(), memberId: r.string() };
    if (version >= 3) r.nullableString();
    return request;
  },
  handle: ({ group, generation, memberId }, { groups }) => ({
    error: groups.heartbeat(group, memberId, generation),
  }),
  encode(w, { error }, version) {
    if (version >= 1) w.int32(0);
    w.int16(error);
  },
});

import { defineApi } from '../api.ts';
import type { JoinAnswer } from '../group.ts';

export const joinGroup = defineApi({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 5],
  decode(r, version) {
    const group = r.string();
    const sessionTimeout = r.int32();
    const rebalanceTimeout = version >= 1 ? r.int32() : sessionTimeout;
    const memberId = r.string();
    if (version >= 5) r.nullableString();
    const protocolType = r.string();
    const protocols = r.array(() => ({ name: r.string(), metadata: Buffer.from(r.bytes()) }));
    const idFirst = version >= 4;
    const member = { memberId, idFirst, sessionTimeout, rebalanceTimeout, protocolType, protocols };
    return { group, member };
  },
  handle: ({ group, member }, { groups }, { id: clientId, host }) =>
    new Promise<JoinAnswer>((reply) => {
      const answer = groups.join(group, { ...member, clientId, host }, reply);
      if (answer) reply(answer);
    }),
  encode(w, { error, generation, protocol, leader, memberId, members }, version) {
    if (version >= 2) w.int32(0);
    w.int16(error);
    w.int32(generation);
    w.string(protocol);
    w.string(leader);
    w.string(memberId);
    w.array(members, ({ id, metadata }) => {
      w.string(id);
      if (version >= 5) w.nullableString(null);
      w.bytes(metadata);
    });
  },
});

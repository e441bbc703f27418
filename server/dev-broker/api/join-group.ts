import { defineApi } from '../api.ts';
import * as t from '../fields.ts';
import type { JoinAnswer } from '../group.ts';

export const joinGroup = defineApi({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 5],
  throttledSince: 2,
  request: {
    group: t.string,
    sessionTimeout: t.int32,
    rebalanceTimeout: t.since(1, t.int32),
    memberId: t.string,
    instanceId: t.since(5, t.nullableString),
    protocolType: t.string,
    protocols: t.array(t.struct({ name: t.string, metadata: t.bytes })),
  },
  answer: {
    error: t.int16,
    generation: t.int32,
    protocol: t.string,
    leader: t.string,
    memberId: t.string,
    members: t.array(
      t.struct({ id: t.string, instanceId: t.since(5, t.nullableString), metadata: t.bytes }),
    ),
  },
  async handle({ group, ...request }, { groups }, { id: clientId, host, version }) {
    const rebalanceTimeout = request.rebalanceTimeout || request.sessionTimeout;
    const joining = { ...request, rebalanceTimeout, clientId, host, idFirst: version >= 4 };
    const answer = await new Promise<JoinAnswer>((reply) => {
      const atOnce = groups.join(group, joining, reply);
      if (atOnce) reply(atOnce);
    });
    const members = answer.members.map((member) => ({ ...member, instanceId: null }));
    return { ...answer, members };
  },
});

import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';
import { type JoinAnswer, refuseJoin } from '../group.ts';
import { MAX_MEMBER_BYTES } from '../groups.ts';

export const joinGroup = defineApi(11, 'JoinGroup', [0, 5], {
  throttledSince: 2,
  request: {
    group: t.string,
    sessionTimeout: t.int32,
    rebalanceTimeout: t.since(1, t.int32),
    memberId: t.string,
    instanceId: t.since(5, t.nullableString),
    protocolType: t.string,
    protocols: t.list({ name: t.string, metadata: t.bytes }),
  },
  answer: {
    error: t.int16,
    generation: t.int32,
    protocol: t.string,
    leader: t.string,
    memberId: t.string,
    members: t.list({ id: t.string, instanceId: t.since(5, t.nullableString), metadata: t.bytes }),
  },
  async handle({ group, ...request }, { groups, incidents }, { id: clientId, host, version }) {
    const rebalanceTimeout = request.rebalanceTimeout || request.sessionTimeout;
    const joining = { ...request, rebalanceTimeout, clientId, host, idFirst: version >= 4 };
    const refuse = (error: ErrorCode) => ({ ...refuseJoin(error, ''), members: [] });
    if (group === '') return refuse(ErrorCode.INVALID_GROUP_ID);
    let brought = 0;
    for (const { name, metadata } of request.protocols) brought += name.length + metadata.length;
    if (brought > MAX_MEMBER_BYTES) return refuse(ErrorCode.INVALID_REQUEST);
    if (request.instanceId !== null) {
      incidents.report('group.instance.id has no effect', { group, client: clientId });
    }
    // Who comes with an id must be known already.
    const of = request.memberId === '' ? groups.make(group) : groups.of(group);
    if (of === null) return refuse(ErrorCode.GROUP_MAX_SIZE_REACHED);
    const answer = await new Promise<JoinAnswer>((reply) => {
      const atOnce = of.join(joining, groups.now(), reply);
      if (atOnce) reply(atOnce);
    });
    const members = answer.members.map((member) => ({ ...member, instanceId: null }));
    return { ...answer, members };
  },
});

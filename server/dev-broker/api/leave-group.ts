import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

export const leaveGroup = defineApi({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 3],
  throttledSince: 1,
  request: {
    group: t.string,
    memberId: t.between(0, 2, t.string),
    members: t.since(3, t.array(t.struct({ id: t.string, instanceId: t.nullableString }))),
  },
  answer: {
    error: t.int16,
    members: t.since(
      3,
      t.array(t.struct({ id: t.string, instanceId: t.nullableString, error: t.int16 })),
    ),
  },
  handle({ group, memberId, members }, { groups }, { version }) {
    if (version < 3) return { error: groups.leave(group, memberId), members: [] };
    const left = members.map((member) => ({ ...member, error: groups.leave(group, member.id) }));
    return { error: ErrorCode.NONE, members: left };
  },
});

import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

export const leaveGroup = defineApi(13, 'LeaveGroup', [0, 3], {
  throttledSince: 1,
  request: {
    group: t.string,
    memberId: t.between(0, 2, t.string),
    members: t.since(3, t.list({ id: t.string, instanceId: t.nullableString })),
  },
  answer: {
    error: t.int16,
    members: t.since(3, t.list({ id: t.string, instanceId: t.nullableString, error: t.int16 })),
  },
  handle({ group, memberId, members }, { groups }, { version }) {
    const leave = (id: string) => groups.of(group).leave(id, groups.now());
    if (version < 3) return { error: leave(memberId), members: [] };
    const left = members.map((member) => ({ ...member, error: leave(member.id) }));
    return { error: ErrorCode.NONE, members: left };
  },
});

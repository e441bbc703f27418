import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';

export const leaveGroup = defineApi({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 3],
  decode(r, version) {
    const group = r.string();
    if (version < 3) return { group, memberIds: [r.string()] };
    const memberIds = r.array(() => {
      const memberId = r.string();
      r.nullableString();
      return memberId;
    });
    return { group, memberIds };
  },
  handle: ({ group, memberIds }, { groups }) =>
    memberIds.map((memberId) => ({ memberId, error: groups.leave(group, memberId) })),
  encode(w, members, version) {
    if (version >= 1) w.int32(0);
    // From version 3 on every member has its own answer.
    w.int16(version >= 3 ? ErrorCode.NONE : members[0]!.error);
    if (version < 3) return;
    w.array(members, ({ memberId, error }) => {
      w.string(memberId);
      w.nullableString(null);
      w.int16(error);
    });
  },
});

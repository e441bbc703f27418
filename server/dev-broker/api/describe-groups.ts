import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';

/** What Kafka says of a group that it does not know. */
const dead = { state: 'Dead', protocolType: '', protocol: '', members: [] };

/** "Not asked for": there is no authorization here. */
const NO_OPERATIONS = -(2 ** 31);

export const describeGroups = defineApi({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 4],
  decode(r, version) {
    const ids = r.array(r.string);
    if (version >= 3) r.boolean();
    return ids;
  },
  handle: (ids, { groups }) => ids.map((id) => ({ id, ...(groups.describe(id) ?? dead) })),
  encode(w, groups, version) {
    if (version >= 1) w.int32(0);
    w.array(groups, (group) => {
      w.int16(ErrorCode.NONE);
      w.string(group.id);
      w.string(group.state);
      w.string(group.protocolType);
      w.string(group.protocol);
      w.array(group.members, (member) => {
        w.string(member.id);
        if (version >= 4) w.nullableString(null);
        w.string(member.clientId);
        w.string(member.host);
        w.bytes(member.metadata);
        w.bytes(member.assignment);
      });
      if (version >= 3) w.int32(NO_OPERATIONS);
    });
  },
});

import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';

export const listGroups = defineApi({
  key: 16,
  name: 'ListGroups',
  versions: [0, 2],
  decode: () => null,
  handle: (_, { groups }) => groups.list(),
  encode(w, groups, version) {
    if (version >= 1) w.int32(0);
    w.int16(ErrorCode.NONE);
    w.array(groups, ({ id, protocolType }) => {
      w.string(id);
      w.string(protocolType);
    });
  },
});

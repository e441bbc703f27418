import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

export const listGroups = defineApi({
  key: 16,
  name: 'ListGroups',
  versions: [0, 2],
  throttledSince: 1,
  request: {},
  answer: { error: t.int16, groups: t.array(t.struct({ id: t.string, protocolType: t.string })) },
  handle: (_, { groups }) => ({ error: ErrorCode.NONE, groups: groups.list() }),
});

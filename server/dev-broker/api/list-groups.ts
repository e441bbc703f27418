import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

export const listGroups = defineApi(16, 'ListGroups', [0, 2], {
  throttledSince: 1,
  request: {},
  answer: { error: t.int16, groups: t.list({ id: t.string, protocolType: t.string }) },
  handle: (_, { groups }) => ({ error: ErrorCode.NONE, groups: groups.list() }),
});

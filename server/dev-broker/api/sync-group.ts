import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';
import type { SyncAnswer } from '../group.ts';
import { MAX_MEMBER_BYTES } from '../groups.ts';

export const syncGroup = defineApi(14, 'SyncGroup', [0, 3], {
  throttledSince: 1,
  request: {
    group: t.string,
    generation: t.int32,
    memberId: t.string,
    instanceId: t.since(3, t.nullableString),
    assignments: t.list({ memberId: t.string, assignment: t.bytes }),
  },
  answer: { error: t.int16, assignment: t.bytes },
  handle: ({ group, generation, memberId, assignments: given }, { groups }) =>
    new Promise<SyncAnswer>((reply) => {
      const isTooMuch = given.some(({ assignment }) => assignment.length > MAX_MEMBER_BYTES);
      if (isTooMuch) {
        return reply({ error: ErrorCode.INVALID_REQUEST, assignment: t.bytes.absent });
      }
      const assignments = new Map(given.map((each) => [each.memberId, each.assignment]));
      const atOnce = groups
        .of(group)
        .sync({ generation, memberId, assignments }, groups.now(), reply);
      if (atOnce) reply(atOnce);
    }),
});

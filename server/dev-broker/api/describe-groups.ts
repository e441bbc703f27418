import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';
import { unique } from '../unique.ts';

/** What Kafka says of a group that it does not know. */
const dead = { state: 'Dead', protocolType: '', protocol: '', members: [] };

/** "Not asked for": there is no authorization here. */
const NO_OPERATIONS = -(2 ** 31);

const member = t.struct({
  id: t.string,
  instanceId: t.since(4, t.nullableString),
  clientId: t.string,
  host: t.string,
  metadata: t.bytes,
  assignment: t.bytes,
});

export const describeGroups = defineApi(15, 'DescribeGroups', [0, 4], {
  throttledSince: 1,
  request: { ids: t.array(t.string), withOperations: t.since(3, t.boolean) },
  answer: {
    groups: t.list({
      error: t.int16,
      id: t.string,
      state: t.string,
      protocolType: t.string,
      protocol: t.string,
      members: t.array(member),
      operations: t.since(3, t.int32),
    }),
  },
  handle: ({ ids }, { groups }) => ({
    groups: unique(ids, (id) => id).map((id) => {
      const group = groups.get(id)?.describe() ?? dead;
      const members = group.members.map((each) => ({ ...each, instanceId: null }));
      return { error: ErrorCode.NONE, id, ...group, members, operations: NO_OPERATIONS };
    }),
  }),
});

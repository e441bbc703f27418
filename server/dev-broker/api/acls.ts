// Access rules: everybody may do everything, and who asks is told as by a Kafka without an authorizer.
import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

const refused = {
  error: ErrorCode.SECURITY_DISABLED,
  message: 'the embedded broker has no access rules',
};

const rule = {
  type: t.int8,
  name: t.nullableString,
  pattern: t.since(1, t.int8),
  principal: t.nullableString,
  host: t.nullableString,
  operation: t.int8,
  permission: t.int8,
};

export const describeAcls = defineApi(29, 'DescribeAcls', [0, 1], {
  request: rule,
  answer: { error: t.int16, message: t.nullableString, found: t.array(t.int8) },
  handle: () => ({ ...refused, found: [] }),
});

export const createAcls = defineApi(30, 'CreateAcls', [0, 1], {
  request: { rules: t.list(rule) },
  answer: { results: t.list({ error: t.int16, message: t.nullableString }) },
  handle: ({ rules }) => ({ results: rules.map(() => refused) }),
});

export const deleteAcls = defineApi(31, 'DeleteAcls', [0, 1], {
  request: { filters: t.list(rule) },
  answer: {
    results: t.list({ error: t.int16, message: t.nullableString, deleted: t.array(t.int8) }),
  },
  handle: ({ filters }) => ({ results: filters.map(() => ({ ...refused, deleted: [] })) }),
});

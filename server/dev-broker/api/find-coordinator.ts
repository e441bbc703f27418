import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

/** The one node there is; for transactions too, because kafkajs would not show a refusal at this point. */
export const findCoordinator = defineApi(10, 'FindCoordinator', [0, 2], {
  throttledSince: 1,
  request: { of: t.string, kind: t.since(1, t.int8) },
  answer: {
    error: t.int16,
    message: t.since(1, t.nullableString),
    nodeId: t.int32,
    host: t.string,
    port: t.int32,
  },
  handle: (_, { nodeId, host, port }) => ({
    error: ErrorCode.NONE,
    message: null,
    nodeId,
    host,
    port,
  }),
});

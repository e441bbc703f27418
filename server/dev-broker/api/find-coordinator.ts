import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

const GROUP = 0;

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
  handle({ kind }, { nodeId, host, port }) {
    if (kind === GROUP) return { error: ErrorCode.NONE, message: null, nodeId, host, port };
    const message = 'the embedded broker has no transactions';
    return { error: ErrorCode.UNSUPPORTED_VERSION, message, nodeId: -1, host: '', port: -1 };
  },
});

import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';

const GROUP = 0;

export const findCoordinator = defineApi({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 2],
  decode(r, version) {
    r.string();
    return { isGroup: version === 0 || r.int8() === GROUP };
  },
  handle: ({ isGroup }, { nodeId, host, port }) =>
    isGroup
      ? { error: ErrorCode.NONE, message: null, nodeId, host, port }
      : {
          error: ErrorCode.UNSUPPORTED_VERSION,
          message: 'the embedded broker has no transactions',
          nodeId: -1,
          host: '',
          port: -1,
        },
  encode(w, { error, message, nodeId, host, port }, version) {
    if (version >= 1) w.int32(0);
    w.int16(error);
    if (version >= 1) w.nullableString(message);
    w.int32(nodeId);
    w.string(host);
    w.int32(port);
  },
});

// EndTxn: not advertised, for there are no transactions. Who asks nevertheless is told, as by Kafka,
// that the transactional id is not known.
import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';

export const endTxn = defineApi({
  key: 26,
  name: 'EndTxn',
  versions: [0, 2],
  advertised: null,
  decode(r) {
    r.string();
    r.int64();
    r.int16();
    r.boolean();
    return null;
  },
  handle: () => ({ error: ErrorCode.INVALID_PRODUCER_ID_MAPPING }),
  encode(w, { error }) {
    w.int32(0);
    w.int16(error);
  },
});

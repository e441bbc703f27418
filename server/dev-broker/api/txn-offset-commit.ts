// TxnOffsetCommit: not advertised, for there are no transactions. Nothing is stored.
import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';

export const txnOffsetCommit = defineApi({
  key: 28,
  name: 'TxnOffsetCommit',
  versions: [0, 2],
  advertised: null,
  decode(r, version) {
    r.string();
    r.string();
    r.int64();
    r.int16();
    return r.array(() => ({
      name: r.string(),
      partitions: r.array(() => {
        const partition = r.int32();
        r.int64();
        if (version >= 2) r.int32();
        r.nullableString();
        return partition;
      }),
    }));
  },
  handle: (topics) => topics,
  encode(w, topics) {
    w.int32(0);
    w.array(topics, ({ name, partitions }) => {
      w.string(name);
      w.array(partitions, (partition) => {
        w.int32(partition);
        w.int16(ErrorCode.INVALID_PRODUCER_ID_MAPPING);
      });
    });
  },
});

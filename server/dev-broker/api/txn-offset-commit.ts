// TxnOffsetCommit: not advertised, for there are no transactions; nothing is stored.
import { defineApi } from '../api.ts';
import { byTopic, eachPartition } from '../by-topic.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

const error = ErrorCode.INVALID_PRODUCER_ID_MAPPING;

export const txnOffsetCommit = defineApi(28, 'TxnOffsetCommit', [0, 2], {
  advertised: null,
  request: {
    transactionalId: t.string,
    group: t.string,
    producerId: t.int64,
    epoch: t.int16,
    topics: byTopic({
      partition: t.int32,
      offset: t.int64,
      leaderEpoch: t.since(2, t.int32),
      metadata: t.nullableString,
    }),
  },
  answer: { topics: byTopic({ partition: t.int32, error: t.int16 }) },
  handle: async ({ topics }) => ({
    topics: await eachPartition(topics, (_, { partition }) => ({ partition, error })),
  }),
});

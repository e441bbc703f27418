// There are no transactions here. Who wants one is refused for good by InitProducerId and Produce; who
// goes on with one all the same is told, as by Kafka, that nobody knows its transactional id. None of
// these requests is advertised, which keeps most clients from asking.
import { type Broker, type Client, defineApi } from '../api.ts';
import { byTopic, eachPartition } from '../by-topic.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

const unknown = ErrorCode.INVALID_PRODUCER_ID_MAPPING;

/** The code with which no client tries again; the log says what the code cannot. */
export function refuseTransaction({ incidents }: Broker, { id }: Client): ErrorCode {
  incidents.report('a transaction is refused: there are none here', { client: id });
  return ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}

const producer = { transactionalId: t.string, producerId: t.int64, epoch: t.int16 };

export const addPartitionsToTxn = defineApi(24, 'AddPartitionsToTxn', [0, 2], {
  advertised: null,
  request: { ...producer, topics: t.list({ name: t.string, partitions: t.array(t.int32) }) },
  answer: { topics: byTopic({ partition: t.int32, error: t.int16 }) },
  handle: ({ topics }) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((partition) => ({ partition, error: unknown })),
    })),
  }),
});

export const addOffsetsToTxn = defineApi(25, 'AddOffsetsToTxn', [0, 2], {
  advertised: null,
  request: { ...producer, group: t.string },
  answer: { error: t.int16 },
  handle: () => ({ error: unknown }),
});

export const endTxn = defineApi(26, 'EndTxn', [0, 2], {
  advertised: null,
  request: { ...producer, commit: t.boolean },
  answer: { error: t.int16 },
  handle: () => ({ error: unknown }),
});

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
    topics: await eachPartition(topics, (_, { partition }) => ({ partition, error: unknown })),
  }),
});

import { defineApi } from '../api.ts';
import { byTopic, eachPartition } from '../by-topic.ts';
import type { CommittedOffset } from '../committed-offsets.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

const MAX_METADATA = 4096;

export const offsetCommit = defineApi(8, 'OffsetCommit', [2, 7], {
  throttledSince: 3,
  request: {
    group: t.string,
    generation: t.int32,
    memberId: t.string,
    instanceId: t.since(7, t.nullableString),
    retention: t.between(2, 4, t.int64),
    topics: byTopic({
      partition: t.int32,
      offset: t.int64,
      leaderEpoch: t.since(6, t.int32),
      metadata: t.string,
    }),
  },
  answer: { topics: byTopic({ partition: t.int32, error: t.int16 }) },
  async handle({ group, generation, memberId, topics: wanted }, broker) {
    const accepted: CommittedOffset[] = [];
    const topics = await eachPartition(wanted, (topic, { partition, offset, metadata }) => {
      let error: ErrorCode = ErrorCode.NONE;
      if (!broker.topics.log(topic, partition)) error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      else if (metadata.length > MAX_METADATA) error = ErrorCode.OFFSET_METADATA_TOO_LARGE;
      else if (!Number.isSafeInteger(offset)) error = ErrorCode.OFFSET_OUT_OF_RANGE;
      else accepted.push({ topic, partition, offset, metadata });
      return { partition, error };
    });
    const error = broker.groups.commit(group, memberId, generation, accepted);
    return {
      topics: await eachPartition(topics, (_, each) => ({ ...each, error: each.error || error })),
    };
  },
});

import { type Broker, defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';

const topic = t.struct({
  name: t.string,
  partitions: t.int32,
  /** Which brokers have the new partitions; null leaves it to the broker. */
  assignments: t.nullableArray(t.array(t.int32)),
});

function grow({ topics, nodeId }: Broker, wanted: typeof topic.absent, dryRun: boolean) {
  const { name, partitions, assignments } = wanted;
  const error = topics.grow(name, partitions, true);
  if (error !== ErrorCode.NONE) return { name, error, message: null };
  const added = partitions - topics.get(name)!.partitions;
  const isHere = (brokers: readonly number[]) => brokers.length === 1 && brokers[0] === nodeId;
  if (assignments && !(assignments.length === added && assignments.every(isHere))) {
    const message = `${added} new partitions, each on broker ${nodeId} alone, can be assigned`;
    return { name, error: ErrorCode.INVALID_REPLICA_ASSIGNMENT, message };
  }
  return { name, error: topics.grow(name, partitions, dryRun), message: null };
}

export const createPartitions = defineApi(37, 'CreatePartitions', [0, 1], {
  request: { topics: t.array(topic), timeout: t.int32, dryRun: t.boolean },
  answer: {
    results: t.list({ name: t.string, error: t.int16, message: t.nullableString }),
  },
  handle: ({ topics, dryRun }, broker) => ({
    results: topics.map((wanted) => grow(broker, wanted, dryRun)),
  }),
});

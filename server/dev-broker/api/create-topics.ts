import { type Broker, defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';
import { configFault } from '../topic-config.ts';

/** In place of a number: what the broker thinks fit. */
const DEFAULT = -1;

const topic = t.struct({
  name: t.string,
  partitions: t.int32,
  replicationFactor: t.int16,
  /** In place of the two numbers: which brokers have which partition. */
  assignments: t.list({ partition: t.int32, brokers: t.array(t.int32) }),
  config: t.list({ name: t.string, value: t.nullableString }),
});

type Wanted = typeof topic.absent;

function create(wanted: Wanted, dryRun: boolean, { topics, logger }: Broker) {
  const { name, replicationFactor, assignments } = wanted;
  const result = (error: ErrorCode, message: string | null = null) => ({ name, error, message });
  if (replicationFactor === 0 || replicationFactor < DEFAULT) {
    return result(ErrorCode.INVALID_REPLICATION_FACTOR);
  }
  const partitions = assignments.length || (wanted.partitions === DEFAULT ? 1 : wanted.partitions);
  const config = Object.fromEntries(wanted.config.map((each) => [each.name, each.value ?? '']));
  const wrong = configFault(config);
  const error = topics.create(name, partitions, config, dryRun || wrong !== null);
  if (error !== ErrorCode.NONE) return result(error);
  if (wrong) return result(ErrorCode.INVALID_CONFIG, wrong);
  // Settings made for production are welcome all the same.
  if (replicationFactor > 1) logger.warn('embedded broker: there is one replica', { topic: name });
  if (config['cleanup.policy']?.includes('compact')) {
    logger.warn('embedded broker: nothing is compacted', { topic: name });
  }
  return result(ErrorCode.NONE);
}

export const createTopics = defineApi(19, 'CreateTopics', [0, 4], {
  throttledSince: 2,
  request: { topics: t.array(topic), timeout: t.int32, dryRun: t.since(1, t.boolean) },
  answer: {
    results: t.list({ name: t.string, error: t.int16, message: t.since(1, t.nullableString) }),
  },
  handle: ({ topics, dryRun }, broker) => ({
    results: topics.map((wanted) => create(wanted, dryRun, broker)),
  }),
});

import { type Broker, defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';
import { configFault, describeConfig, toConfig } from '../topic-config.ts';

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

const entry = {
  name: t.string,
  value: t.nullableString,
  readOnly: t.boolean,
  source: t.int8,
  sensitive: t.boolean,
};

type Wanted = typeof topic.absent;
type Refusal = { readonly error: ErrorCode; readonly message: string };

/** What is wrong with the numbers, or with the assignment that takes their place. */
function placementFault(wanted: Wanted, nodeId: number): Refusal | null {
  const { partitions, replicationFactor, assignments } = wanted;
  if (assignments.length === 0) {
    if (replicationFactor === DEFAULT || replicationFactor > 0) return null;
    const message = `a replication factor of ${replicationFactor}`;
    return { error: ErrorCode.INVALID_REPLICATION_FACTOR, message };
  }
  if (partitions !== DEFAULT || replicationFactor !== DEFAULT) {
    const message = 'an assignment, and a number of partitions or replicas as well';
    return { error: ErrorCode.INVALID_REQUEST, message };
  }
  const isHere = assignments.every(({ brokers: [first, ...more] }) => {
    return first === nodeId && more.length === 0;
  });
  const numbers = new Set(assignments.map(({ partition }) => partition));
  if (isHere && assignments.every((_, i) => numbers.has(i))) return null;
  const message = `only partitions from 0 on, each on broker ${nodeId} alone, can be assigned`;
  return { error: ErrorCode.INVALID_REPLICA_ASSIGNMENT, message };
}

function create(wanted: Wanted, dryRun: boolean, { topics, logger, ...broker }: Broker) {
  const { name, replicationFactor, assignments } = wanted;
  const nothing = { id: t.uuid.absent, partitions: -1, replicationFactor: -1, config: [] };
  const refuse = (error: ErrorCode, message: string | null = null) => ({
    name,
    error,
    message,
    ...nothing,
  });
  const asked = wanted.partitions === DEFAULT ? broker.partitions : wanted.partitions;
  const partitions = assignments.length || asked;
  const config = toConfig(wanted.config);
  const placement = placementFault(wanted, broker.nodeId);
  if (placement) return refuse(placement.error, placement.message);
  const error = topics.create(name, partitions, config, true);
  if (error !== ErrorCode.NONE) return refuse(error);
  const fault = configFault(config);
  if (fault !== null) return refuse(ErrorCode.INVALID_CONFIG, fault);
  const failed = topics.create(name, partitions, config, dryRun);
  if (failed !== ErrorCode.NONE) return refuse(failed);
  // A number made for production is welcome all the same.
  if (replicationFactor > 1) logger.warn('embedded broker: there is one replica', { topic: name });
  const id = topics.get(name)?.uuid ?? nothing.id;
  const made = { id, partitions, replicationFactor: 1, config: describeConfig(config) };
  return { ...refuse(error), ...made };
}

export const createTopics = defineApi(19, 'CreateTopics', [0, 7], {
  flexible: [5, 7],
  throttledSince: 2,
  request: { topics: t.array(topic), timeout: t.int32, dryRun: t.since(1, t.boolean) },
  answer: {
    results: t.list({
      name: t.string,
      id: t.since(7, t.uuid),
      error: t.int16,
      message: t.since(1, t.nullableString),
      partitions: t.since(5, t.int32),
      replicationFactor: t.since(5, t.int16),
      config: t.since(5, t.list(entry)),
    }),
  },
  handle: ({ topics, dryRun }, broker) => ({
    results: topics.map((wanted) => create(wanted, dryRun, broker)),
  }),
});

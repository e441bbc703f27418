import { type Broker, defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';
import { isTopicName } from '../stored-topic.ts';
import { unique } from '../unique.ts';

/** "Not asked for": there is no authorization here. */
const NO_OPERATIONS = -(2 ** 31);

/** A topic by its name, or, where that is null, by its id. */
const wanted = t.struct({ id: t.since(10, t.uuid), name: t.nullableString });

const partition = t.struct({
  error: t.int16,
  partition: t.int32,
  leader: t.int32,
  leaderEpoch: t.since(7, t.int32),
  replicas: t.array(t.int32),
  inSync: t.array(t.int32),
  offline: t.since(5, t.array(t.int32)),
});

function find({ topics, partitions }: Broker, name: string, mayCreate: boolean): ErrorCode {
  if (!isTopicName(name)) return ErrorCode.INVALID_TOPIC_EXCEPTION;
  if (topics.get(name)) return ErrorCode.NONE;
  return mayCreate ? topics.create(name, partitions, {}) : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
}

function describe(broker: Broker, { id, name }: typeof wanted.absent, mayCreate: boolean) {
  const named = name ?? broker.topics.byId(id)?.name ?? null;
  const error = named === null ? ErrorCode.UNKNOWN_TOPIC_ID : find(broker, named, mayCreate);
  const topic = named === null ? undefined : broker.topics.get(named);
  const replicas = [broker.nodeId];
  const partitions = (topic?.logs ?? []).map((_, i) => ({
    error: ErrorCode.NONE,
    partition: i,
    leader: broker.nodeId,
    // Not told: who knows it asks for more of the kind, and the leader never changes here.
    leaderEpoch: -1,
    replicas,
    inSync: replicas,
    offline: [],
  }));
  return {
    error,
    name: named,
    id: topic?.uuid ?? id,
    internal: false,
    partitions,
    operations: NO_OPERATIONS,
  };
}

export const metadata = defineApi(3, 'Metadata', [0, 12], {
  flexible: [9, 12],
  throttledSince: 3,
  request: {
    topics: t.nullableArray(wanted),
    mayCreate: t.since(4, t.boolean),
    withClusterOperations: t.between(8, 10, t.boolean),
    withTopicOperations: t.since(8, t.boolean),
  },
  answer: {
    brokers: t.list({
      id: t.int32,
      host: t.string,
      port: t.int32,
      rack: t.since(1, t.nullableString),
    }),
    clusterId: t.since(2, t.nullableString),
    controller: t.since(1, t.int32),
    topics: t.list({
      error: t.int16,
      name: t.nullableString,
      id: t.since(10, t.uuid),
      internal: t.since(1, t.boolean),
      partitions: t.array(partition),
      operations: t.since(8, t.int32),
    }),
    operations: t.between(8, 10, t.int32),
  },
  handle({ topics: asked, mayCreate }, broker, { version }) {
    const { topics, nodeId, host, port, clusterId } = broker;
    // In version 0 an empty list asks for all.
    const isAll = asked === null || (version === 0 && asked.length === 0);
    const all = isAll ? topics.list().map(({ uuid: id, name }) => ({ id, name })) : asked;
    return {
      brokers: [{ id: nodeId, host, port, rack: null }],
      clusterId,
      controller: nodeId,
      topics: unique(all, ({ id, name }) => name ?? `id ${id}`).map((one) =>
        describe(broker, one, mayCreate || version < 4),
      ),
      operations: NO_OPERATIONS,
    };
  },
});

import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import * as t from '../fields.ts';
import { isTopicName, type Topics } from '../topics.ts';

/** Partitions of a topic that is made because somebody asked for it: Kafka's default. */
const AUTO_PARTITIONS = 1;

function find(topics: Topics, name: string, mayCreate: boolean): ErrorCode {
  if (!isTopicName(name)) return ErrorCode.INVALID_TOPIC_EXCEPTION;
  if (topics.get(name)) return ErrorCode.NONE;
  return mayCreate
    ? topics.create(name, AUTO_PARTITIONS, {})
    : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
}

const partition = t.struct({
  error: t.int16,
  partition: t.int32,
  leader: t.int32,
  replicas: t.array(t.int32),
  inSync: t.array(t.int32),
  offline: t.since(5, t.array(t.int32)),
});

export const metadata = defineApi(3, 'Metadata', [0, 6], {
  throttledSince: 3,
  request: { names: t.nullableArray(t.string), mayCreate: t.since(4, t.boolean) },
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
      name: t.string,
      internal: t.since(1, t.boolean),
      partitions: t.array(partition),
    }),
  },
  handle({ names, mayCreate }, { topics, nodeId, host, port, clusterId }, { version }) {
    // In version 0 an empty list asks for all.
    const isAll = names === null || (version === 0 && names.length === 0);
    const wanted = isAll ? topics.list().map(({ name }) => name) : names;
    const here = { leader: nodeId, replicas: [nodeId], inSync: [nodeId], offline: [] };
    return {
      brokers: [{ id: nodeId, host, port, rack: null }],
      clusterId,
      controller: nodeId,
      topics: wanted.map((name) => {
        const error = find(topics, name, mayCreate || version < 4);
        const logs = topics.get(name)?.logs ?? [];
        const partitions = logs.map((_, i) => ({ error: ErrorCode.NONE, partition: i, ...here }));
        return { error, name, internal: false, partitions };
      }),
    };
  },
});

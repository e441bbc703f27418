import { defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import { isTopicName } from '../topics.ts';

/** Partitions of a topic that is made because somebody asked for it, as Kafka's default is. */
const AUTO_PARTITIONS = 1;

export const metadata = defineApi({
  key: 3,
  name: 'Metadata',
  versions: [0, 6],
  decode(r, version) {
    const named = r.nullableArray(r.string);
    // In version 0 an empty list asks for all.
    const topics = version === 0 && named?.length === 0 ? null : named;
    return { topics, mayCreate: version < 4 || r.boolean() };
  },
  handle({ topics: wanted, mayCreate }, { topics, nodeId, host, port, clusterId }) {
    const names = wanted ?? topics.list().map(({ name }) => name);
    return {
      nodeId,
      host,
      port,
      clusterId,
      topics: names.map((name) => {
        let error: ErrorCode = ErrorCode.NONE;
        if (!isTopicName(name)) error = ErrorCode.INVALID_TOPIC_EXCEPTION;
        else if (!topics.get(name)) {
          error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
          if (mayCreate) error = topics.create(name, AUTO_PARTITIONS, {});
        }
        return { error, name, partitions: topics.get(name)?.partitions ?? 0 };
      }),
    };
  },
  encode(w, { nodeId, host, port, clusterId, topics }, version) {
    if (version >= 3) w.int32(0);
    w.int32(1);
    w.int32(nodeId);
    w.string(host);
    w.int32(port);
    if (version >= 1) w.nullableString(null);
    if (version >= 2) w.nullableString(clusterId);
    if (version >= 1) w.int32(nodeId);
    w.array(topics, ({ error, name, partitions }) => {
      w.int16(error);
      w.string(name);
      if (version >= 1) w.boolean(false);
      w.array([...Array(partitions).keys()], (partition) => {
        w.int16(ErrorCode.NONE);
        w.int32(partition);
        w.int32(nodeId);
        w.array([nodeId], w.int32);
        w.array([nodeId], w.int32);
        if (version >= 5) w.array([], w.int32);
      });
    });
  },
});

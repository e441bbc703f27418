import { type Broker, defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import { describeConfig } from '../topic-config.ts';

const TOPIC = 2;
const BROKER = 4;
/** Where a value comes from, as Kafka numbers it. */
const Source = { topic: 1, default: 5 } as const;

type Resource = { type: number; name: string; names: readonly string[] | null };

function describe({ type, name, names }: Resource, { topics, nodeId }: Broker) {
  const result = (error: ErrorCode, entries: ReturnType<typeof describeConfig> = []) => ({
    type,
    name,
    error,
    entries: entries.filter((entry) => names === null || names.includes(entry.name)),
  });
  if (type === BROKER && (name === '' || name === String(nodeId))) return result(ErrorCode.NONE);
  if (type !== TOPIC) return result(ErrorCode.INVALID_REQUEST);
  const topic = topics.get(name);
  if (!topic) return result(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  return result(ErrorCode.NONE, describeConfig(topic.config));
}

export const describeConfigs = defineApi({
  key: 32,
  name: 'DescribeConfigs',
  versions: [0, 2],
  decode(r, version) {
    const resources = r.array(
      (): Resource => ({ type: r.int8(), name: r.string(), names: r.nullableArray(r.string) }),
    );
    if (version >= 1) r.boolean();
    return resources;
  },
  handle: (resources, broker) => resources.map((resource) => describe(resource, broker)),
  encode(w, results, version) {
    w.int32(0);
    w.array(results, ({ type, name, error, entries }) => {
      w.int16(error);
      w.nullableString(null);
      w.int8(type);
      w.string(name);
      w.array(entries, (entry) => {
        w.string(entry.name);
        w.nullableString(entry.value);
        w.boolean(false);
        if (version >= 1) w.int8(entry.isDefault ? Source.default : Source.topic);
        else w.boolean(entry.isDefault);
        w.boolean(false);
        if (version >= 1) w.array([], () => {});
      });
    });
  },
});

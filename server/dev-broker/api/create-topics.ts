import { type Broker, defineApi } from '../api.ts';
import { ErrorCode } from '../error-code.ts';
import { configFault } from '../topic-config.ts';

/** -1 in place of a number asks for the broker's default. */
const DEFAULT = -1;

type Wanted = {
  name: string;
  partitions: number;
  replicationFactor: number;
  /** Replicas by partition, in place of the two numbers. */
  assignments: readonly unknown[];
  config: Map<string, string | null>;
};

function create(wanted: Wanted, dryRun: boolean, { topics, logger }: Broker) {
  const { name, partitions, replicationFactor, assignments, config } = wanted;
  const result = (error: ErrorCode, message: string | null = null) => ({ name, error, message });
  if (assignments.length > 0 && (partitions !== DEFAULT || replicationFactor !== DEFAULT)) {
    return result(ErrorCode.INVALID_REQUEST, 'either numbers or assignments, not both');
  }
  if (replicationFactor === 0 || replicationFactor < DEFAULT) {
    return result(ErrorCode.INVALID_REPLICATION_FACTOR, 'Replication factor must be at least 1.');
  }
  const count = assignments.length || (partitions === DEFAULT ? 1 : partitions);
  const fault = topics.creationFault(name, count);
  if (fault !== ErrorCode.NONE) return result(fault);
  const wrong = configFault(config);
  if (wrong) return result(ErrorCode.INVALID_CONFIG, wrong);
  if (dryRun) return result(ErrorCode.NONE);
  if (replicationFactor > 1) {
    logger.warn('the embedded broker keeps one replica', { topic: name, replicationFactor });
  }
  if (config.get('cleanup.policy')?.includes('compact')) {
    logger.warn('the embedded broker does not compact', { topic: name });
  }
  const settings = [...config].filter((each): each is [string, string] => each[1] !== null);
  return result(topics.create(name, count, Object.fromEntries(settings)));
}

export const createTopics = defineApi({
  key: 19,
  name: 'CreateTopics',
  versions: [0, 4],
  decode(r, version) {
    const topics = r.array((): Wanted => {
      const [name, partitions, replicationFactor] = [r.string(), r.int32(), r.int16()];
      const assignments = r.array(() => [r.int32(), r.array(r.int32)]);
      const config = new Map(r.array(() => [r.string(), r.nullableString()] as const));
      return { name, partitions, replicationFactor, assignments, config };
    });
    r.int32();
    return { topics, dryRun: version >= 1 && r.boolean() };
  },
  handle({ topics, dryRun }, broker) {
    const seen = new Map<string, number>();
    for (const { name } of topics) seen.set(name, (seen.get(name) ?? 0) + 1);
    return topics.map((wanted) =>
      seen.get(wanted.name) === 1
        ? create(wanted, dryRun, broker)
        : { name: wanted.name, error: ErrorCode.INVALID_REQUEST, message: 'named twice' },
    );
  },
  encode(w, results, version) {
    if (version >= 2) w.int32(0);
    w.array(results, ({ name, error, message }) => {
      w.string(name);
      w.int16(error);
      if (version >= 1) w.nullableString(message);
    });
  },
});

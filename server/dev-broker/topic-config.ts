// The settings of a topic: what is kept, what has an effect, and what holds when nothing was set.

/** Names that Kafka knows; others are refused, so that a misspelt name is noticed. */
const known = new Set(
  [
    'cleanup.policy compression.type delete.retention.ms file.delete.delay.ms flush.messages',
    'flush.ms index.interval.bytes max.compaction.lag.ms max.message.bytes',
    'message.timestamp.after.max.ms message.timestamp.before.max.ms message.timestamp.type',
    'min.cleanable.dirty.ratio min.compaction.lag.ms min.insync.replicas preallocate',
    'retention.bytes retention.ms segment.bytes segment.index.bytes segment.jitter.ms segment.ms',
    'unclean.leader.election.enable',
  ].flatMap((names) => names.split(' ')),
);

/** What DescribeConfigs tells when a topic was made without. */
const defaults = {
  'cleanup.policy': 'delete',
  'max.message.bytes': '1048588',
  'retention.bytes': String(1024 ** 3),
  'retention.ms': '604800000',
};

export type TopicConfig = Readonly<Record<string, string>>;

const policies = ['delete', 'compact', 'compact,delete', 'delete,compact'];

/** Who is refused what; names without an entry take any value. */
const isValid: Record<string, (value: string) => boolean> = {
  'cleanup.policy': (value) => policies.includes(value),
  'max.message.bytes': (value) => /^\d{1,10}$/.test(value),
  'retention.bytes': (value) => /^(-1|\d{1,15})$/.test(value),
  'retention.ms': (value) => /^(-1|\d{1,15})$/.test(value),
};

/** What is wrong with settings, in words; null when nothing is. */
export function configFault(config: TopicConfig): string | null {
  for (const [name, value] of Object.entries(config)) {
    if (!known.has(name)) return `unknown topic config ${name}`;
    if (isValid[name]?.(value) === false) return `${name} cannot be ${value}`;
  }
  return null;
}

/** The value that holds for a topic. */
export function configNumber(
  config: TopicConfig,
  name: 'max.message.bytes' | 'retention.bytes',
): number {
  return Number(config[name] ?? defaults[name]);
}

/** All settings of a topic, those that were not set with their defaults. */
export function describeConfig(config: TopicConfig) {
  const names = new Set([...Object.keys(defaults), ...Object.keys(config)]);
  const all: TopicConfig = { ...defaults, ...config };
  return [...names].sort().map((name) => ({
    name,
    value: all[name]!,
    isDefault: !Object.hasOwn(config, name),
  }));
}

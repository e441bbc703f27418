// The settings of a topic: what is kept, what has an effect, and what holds when nothing was set.

/** Names that Kafka knows; others are refused, so that a misspelt name is noticed. */
const known = new Set([
  'cleanup.policy',
  'compression.type',
  'delete.retention.ms',
  'file.delete.delay.ms',
  'flush.messages',
  'flush.ms',
  'index.interval.bytes',
  'max.compaction.lag.ms',
  'max.message.bytes',
  'message.timestamp.after.max.ms',
  'message.timestamp.before.max.ms',
  'message.timestamp.type',
  'min.cleanable.dirty.ratio',
  'min.compaction.lag.ms',
  'min.insync.replicas',
  'preallocate',
  'retention.bytes',
  'retention.ms',
  'segment.bytes',
  'segment.index.bytes',
  'segment.jitter.ms',
  'segment.ms',
  'unclean.leader.election.enable',
]);

/** What DescribeConfigs tells when a topic was made without. */
const defaults = {
  'cleanup.policy': 'delete',
  'max.message.bytes': '1048588',
  'retention.bytes': String(1024 ** 3),
  'retention.ms': '604800000',
};

export type TopicConfig = Readonly<Record<string, string>>;

/** What is wrong with settings, in words; null when nothing is. */
export function configFault(config: ReadonlyMap<string, string | null>): string | null {
  for (const [name, value] of config) {
    if (!known.has(name)) return `Unknown topic config name: ${name}`;
    if (value === null) return `Null value not supported for topic configs: ${name}`;
    const isNumber = name === 'max.message.bytes' || name.startsWith('retention.');
    const least = name === 'max.message.bytes' ? 0 : -1;
    if (isNumber && !(/^-?\d{1,15}$/.test(value) && Number(value) >= least)) {
      return `Invalid value ${value} for configuration ${name}`;
    }
    const policies = ['delete', 'compact', 'compact,delete', 'delete,compact'];
    if (name === 'cleanup.policy' && !policies.includes(value)) {
      return `Invalid value ${value} for configuration ${name}`;
    }
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

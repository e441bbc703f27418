// The settings of a topic: what Kafka knows, what it takes, what holds when nothing was set, and what
// has an effect here.

export type TopicConfig = Readonly<Record<string, string>>;

type Setting = {
  readonly byDefault: string;
  takes(value: string): boolean;
  /** Whether this broker does what the value says. */
  honours(value: string): boolean;
};

const LONG = 2n ** 63n - 1n;
const INT = 2n ** 31n - 1n;
/** The size of the largest request, less 1 MiB for its other fields: no larger batch can arrive. */
const MAX_BATCH_BYTES = 99 * 1024 * 1024;

const always = () => true;
const setting =
  (takes: Setting['takes']) =>
  (byDefault: string, honours: Setting['honours'] = always): Setting => ({
    byDefault,
    takes,
    honours,
  });
const number = (least: number, most: number | bigint) =>
  setting((value) => /^-?\d{1,19}$/.test(value) && BigInt(value) >= least && BigInt(value) <= most);
const oneOf = (...values: string[]) => setting((value) => values.includes(value));
const flag = oneOf('true', 'false');

/** Names and defaults as in Apache Kafka 4.3. Others are refused: a misspelt name is noticed. */
const settings: Record<string, Setting> = {
  'cleanup.policy': oneOf(
    'delete',
    'compact',
    'compact,delete',
    'delete,compact',
  )('delete', (value) => value === 'delete'),
  'compression.gzip.level': number(-1, 9)('-1'),
  'compression.lz4.level': number(1, 17)('9'),
  'compression.type': oneOf(
    'producer',
    'uncompressed',
    'gzip',
    'snappy',
    'lz4',
    'zstd',
  )('producer', (value) => value === 'producer'),
  'compression.zstd.level': number(-131_072, 22)('3'),
  'delete.retention.ms': number(0, LONG)('86400000'),
  'file.delete.delay.ms': number(0, LONG)('60000'),
  'flush.messages': number(1, LONG)('9223372036854775807'),
  'flush.ms': number(0, LONG)('9223372036854775807'),
  'index.interval.bytes': number(0, INT)('4096'),
  'max.compaction.lag.ms': number(1, LONG)('9223372036854775807'),
  'max.message.bytes': number(0, MAX_BATCH_BYTES)('1048588'),
  'message.timestamp.after.max.ms': number(0, LONG)('3600000'),
  'message.timestamp.before.max.ms': number(0, LONG)('9223372036854775807'),
  'message.timestamp.type': oneOf('CreateTime', 'LogAppendTime')('CreateTime'),
  'min.cleanable.dirty.ratio': setting(
    (value) => value.trim() !== '' && Number(value) >= 0 && Number(value) <= 1,
  )('0.5'),
  'min.compaction.lag.ms': number(0, LONG)('0'),
  'min.insync.replicas': number(1, INT)('1', (value) => value === '1'),
  preallocate: flag('false'),
  'retention.bytes': number(-1, LONG)(String(1024 ** 3)),
  'retention.ms': number(-1, LONG)('604800000', (value) => value === '-1'),
  'segment.bytes': number(1024 ** 2, INT)('1073741824'),
  'segment.index.bytes': number(4, INT)('10485760'),
  'segment.jitter.ms': number(0, LONG)('0'),
  'segment.ms': number(1, LONG)('604800000'),
  'unclean.leader.election.enable': flag('false'),
};

const known = (name: string) => (Object.hasOwn(settings, name) ? settings[name] : undefined);

/** What is wrong with settings, in words; null when nothing is. */
export function configFault(config: TopicConfig): string | null {
  for (const [name, value] of Object.entries(config)) {
    if (!known(name)) return `unknown topic config ${name}`;
    if (known(name)?.takes(value)) continue;
    const most =
      name === 'max.message.bytes' ? `: the embedded broker takes ${MAX_BATCH_BYTES}` : '';
    return `${name} cannot be ${value.slice(0, 100)}${most}`;
  }
  return null;
}

/** What was asked for and does not happen here, as `name=value`. */
export function neglected(config: TopicConfig): string[] {
  return Object.entries(config)
    .filter(([name, value]) => known(name)?.honours(value) === false)
    .map((each) => each.join('='));
}

/** The value that holds for a topic. */
export const configValue = (config: TopicConfig, name: string): string =>
  config[name] ?? settings[name]!.byDefault;

/** The same as a number; rounded beyond 2^53. */
export const configNumber = (config: TopicConfig, name: string) =>
  Number(configValue(config, name));

/** Where a value comes from, as Kafka numbers it. */
const Source = { topic: 1, default: 5 } as const;

/** All settings of a topic, those that were not set with their defaults. */
export function describeConfig(config: TopicConfig) {
  return Object.keys(settings).map((name) => {
    const isDefault = !Object.hasOwn(config, name);
    const source = isDefault ? Source.default : Source.topic;
    return {
      name,
      value: configValue(config, name),
      readOnly: false,
      isDefault,
      source,
      sensitive: false,
    };
  });
}

/** A list of settings as they come in a request; of two of one name the last holds. */
export function toConfig(entries: readonly { name: string; value: string | null }[]): TopicConfig {
  return Object.fromEntries(entries.map(({ name, value }) => [name, value ?? '']));
}

/** What a setting lists, one by one; null when it is no list. */
export function configList(config: TopicConfig, name: string): string[] | null {
  return name === 'cleanup.policy' ? configValue(config, name).split(',').filter(Boolean) : null;
}

// The command line of `npm run produce`, read as a whole: every fault is reported at once.
import { type Config, loadConfig, securityOf } from '../config.ts';
import { ConfigError } from '../errors.ts';
import type { KafkaSettings } from '../kafka/client.ts';
import { DEFAULT_PORT } from '../service/broker-choice.ts';
import { registryAuthorization } from '../service/order-schemas.ts';
import { readArguments } from './arguments.ts';
import type { OrderFormat } from './order-format.ts';

/** What the generator is to do. */
export type ProduceOptions = {
  readonly connection: Omit<KafkaSettings, 'clientId'>;
  readonly topic: string;
  /** Of the topic, when it has to be created. */
  readonly partitions: number;
  /** Orders per second, 0: as fast as possible; undefined: one every 1 to 2 s. */
  readonly rate: number | undefined;
  /** How many orders; undefined: until it is stopped. */
  readonly count: number | undefined;
  readonly products: number;
  /** Share of bad orders, 0 to 1. */
  readonly bad: number;
  /** Same seed, same orders; undefined: a new one each time. */
  readonly seed: number | undefined;
  /** Of good orders. */
  readonly format: OrderFormat;
};

export const usage = `Sends random orders to Kafka, one every 1 to 2 seconds.

  npm run produce -- [options]

  --rate N        orders per second; 0 is as fast as possible
  --count N       stop after N orders
  --products N    how many products, Item1 to ItemN (4)
  --bad RATIO     share of malformed and invalid orders of every kind; 0 is none (0.02)
  --format NAME   raw, single-object or registry: how good orders are framed (raw)
  --schema FILE   what they are written with, unless they are raw (avro/order.avsc)
  --register      put the schema into the registry, under <topic>-value
  --seed N        the same seed makes the same orders
  --brokers LIST  host:port, separated by commas (KAFKA_BROKERS, else localhost:9092)
  --topic NAME    (ORDERS_TOPIC, else orders)
  --help, -h

The service's variables count here too: KAFKA_SSL…, KAFKA_SASL_MECHANISM and what belongs to it for the
connection, PARTITIONS (3) when the topic has to be created, SCHEMA_REGISTRY_URL, _USER, _PASSWORD, _TOKEN
for --format registry.
`;

const options = {
  rate: { type: 'string' },
  count: { type: 'string' },
  products: { type: 'string' },
  bad: { type: 'string' },
  seed: { type: 'string' },
  format: { type: 'string' },
  schema: { type: 'string' },
  register: { type: 'boolean' },
  brokers: { type: 'string' },
  topic: { type: 'string' },
} as const;

/** Reads the arguments after `--`; 'help' when that was asked for; throws a ConfigError with every fault. */
export function parseProduceOptions(
  args: readonly string[],
  env: Environment,
): ProduceOptions | 'help' {
  const { texts, faults: wrong } = readArguments(args, options);
  if (texts.has('help')) return 'help';
  const faults = [...wrong];

  const number = (name: string, rule: Rule) => {
    const text = texts.get(name);
    if (text === undefined) return undefined;
    const value = /^\d*\.?\d+(e\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
    if (rule.holds(value)) return value;
    faults.push(`--${name} is ${rule.words}, not "${text}"`);
    return undefined;
  };
  const work = {
    rate: number('rate', between(0, 1e6)),
    count: number('count', wholeBetween(1, Number.MAX_SAFE_INTEGER)),
    products: number('products', wholeBetween(1, 1e6)) ?? 4,
    bad: number('bad', between(0, 1)) ?? 0.02,
    seed: number('seed', wholeBetween(0, 2 ** 32 - 1)),
  };
  const config = readConfig(withArguments(env, texts), faults);
  const format = readFormat(texts, config, faults);
  if (config === undefined || faults.length > 0) throw new ConfigError(faults);
  const { KAFKA_BROKERS, ORDERS_TOPIC: topic, PARTITIONS: partitions } = config;
  const connection = {
    brokers: KAFKA_BROKERS ?? [`localhost:${DEFAULT_PORT}`],
    security: securityOf(config),
  };
  return { connection, topic, partitions, format, ...work };
}

function readFormat(
  texts: ReadonlyMap<string, string>,
  config: Config | undefined,
  faults: string[],
): OrderFormat {
  const name = texts.get('format') ?? 'raw';
  const framing = FRAMINGS.find((each) => each === name) ?? 'raw';
  if (framing !== name) faults.push(`--format is one of ${FRAMINGS.join(', ')}, not "${name}"`);
  if (name === 'raw' && texts.has('schema')) {
    faults.push('--schema needs --format single-object or registry: raw orders have one schema');
  }
  if (name !== 'registry' && texts.has('register'))
    faults.push('--register needs --format registry');
  const url = config?.SCHEMA_REGISTRY_URL ?? null;
  if (framing === 'registry' && config !== undefined && url === null) {
    faults.push('--format registry needs SCHEMA_REGISTRY_URL');
  }
  const registry =
    config === undefined || url === null
      ? null
      : { url, authorization: registryAuthorization(config) };
  return { framing, schemaFile: texts.get('schema'), register: texts.has('register'), registry };
}

const FRAMINGS = ['raw', 'single-object', 'registry'] as const;

type Environment = Readonly<Record<string, string | undefined>>;

// The settings of the service count for the generator too; an argument stands for its variable.
function withArguments(env: Environment, texts: ReadonlyMap<string, string>): Environment {
  return {
    ...env,
    KAFKA_BROKERS: texts.get('brokers') ?? env.KAFKA_BROKERS,
    ORDERS_TOPIC: texts.get('topic') ?? env.ORDERS_TOPIC,
  };
}

function readConfig(env: Environment, faults: string[]): Config | undefined {
  try {
    return loadConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    faults.push(...error.faults);
    return undefined;
  }
}

type Rule = { readonly words: string; holds(value: number): boolean };

function between(low: number, high: number): Rule {
  return { words: `a number from ${low} to ${high}`, holds: (v) => v >= low && v <= high };
}

function wholeBetween(low: number, high: number): Rule {
  return {
    words: `a whole number from ${low} to ${high}`,
    holds: (v) => Number.isInteger(v) && v >= low && v <= high,
  };
}

// The command line of `npm run produce`, read as a whole: every fault is reported at once.
import { parseArgs } from 'node:util';
import { ConfigError } from '../errors.ts';
import type { Connection } from '../kafka/order-producer.ts';

/** What the generator is to do. */
export type ProduceOptions = {
  readonly connection: Connection;
  readonly topic: string;
  /** Orders per second, 0: as fast as possible; undefined: one every 1 to 2 s. */
  readonly rate: number | undefined;
  /** How many orders; undefined: until it is stopped. */
  readonly count: number | undefined;
  readonly products: number;
  /** Share of bad orders, 0 to 1. */
  readonly bad: number;
  /** Same seed, same orders; undefined: a new one each time. */
  readonly seed: number | undefined;
};

export const usage = `Sends random orders to Kafka, one every 1 to 2 seconds.

  npm run produce -- [options]

  --rate N        orders per second; 0 is as fast as possible
  --count N       stop after N orders
  --products N    how many products, Item1 to ItemN (4)
  --bad RATIO     share of malformed and invalid orders of every kind; 0 is none (0.02)
  --seed N        the same seed makes the same orders
  --brokers LIST  host:port, separated by commas (KAFKA_BROKERS, else localhost:9092)
  --topic NAME    (ORDERS_TOPIC, else orders)
  --help

KAFKA_SSL, KAFKA_SASL_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD secure the connection.
`;

const options = {
  rate: { type: 'string' },
  count: { type: 'string' },
  products: { type: 'string' },
  bad: { type: 'string' },
  seed: { type: 'string' },
  brokers: { type: 'string' },
  topic: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** Reads the arguments after `--`; 'help' when that was asked for; throws a ConfigError with every fault. */
export function parseProduceOptions(
  args: readonly string[],
  env: Environment,
): ProduceOptions | 'help' {
  const faults: string[] = [];
  const texts = readTexts(args, faults);
  if (texts.has('help')) return 'help';

  const number = (name: string, rule: Rule) => {
    const text = texts.get(name);
    if (text === undefined) return undefined;
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (rule.holds(value)) return value;
    faults.push(`--${name} is ${rule.words}, not "${text}"`);
    return undefined;
  };
  const brokers = (texts.get('brokers') ?? env.KAFKA_BROKERS ?? 'localhost:9092').split(',');
  for (const broker of brokers.filter((text) => !/^(\[[^\]]+\]|[^:\s]+):\d{1,5}$/.test(text))) {
    faults.push(`--brokers is a list of host:port, "${broker}" is none`);
  }
  const topic = texts.get('topic') ?? env.ORDERS_TOPIC ?? 'orders';
  if (!/^[\w.-]{1,249}$/.test(topic)) faults.push(`--topic is a topic's name, not "${topic}"`);

  const result: ProduceOptions = {
    connection: { brokers, ...readSecurity(env, faults) },
    topic,
    rate: number('rate', between(0, 1e6)),
    count: number('count', wholeBetween(1, Number.MAX_SAFE_INTEGER)),
    products: number('products', wholeBetween(1, 1e6)) ?? 4,
    bad: number('bad', between(0, 1)) ?? 0.02,
    seed: number('seed', wholeBetween(0, 2 ** 32 - 1)),
  };
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(result);
}

type Environment = Readonly<Record<string, string | undefined>>;

const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

function readSecurity(env: Environment, faults: string[]): Omit<Connection, 'brokers'> {
  const { KAFKA_SSL: ssl = 'false', KAFKA_SASL_MECHANISM: wanted } = env;
  if (ssl !== 'true' && ssl !== 'false') faults.push(`KAFKA_SSL is true or false, not "${ssl}"`);
  if (!wanted) return { ssl: ssl === 'true' };
  const { KAFKA_USERNAME: username = '', KAFKA_PASSWORD: password = '' } = env;
  const mechanism = mechanisms.find((name) => name === wanted.toLowerCase());
  if (!mechanism) faults.push(`KAFKA_SASL_MECHANISM is one of ${mechanisms.join(', ')}`);
  if (!username || !password) faults.push('KAFKA_USERNAME and KAFKA_PASSWORD go with SASL');
  return { ssl: ssl === 'true', sasl: { mechanism: mechanism ?? 'plain', username, password } };
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

// Tokens instead of parseArgs's own checks, which stop at the first fault.
function readTexts(args: readonly string[], faults: string[]): Map<string, string> {
  const texts = new Map<string, string>();
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') faults.push(`"${token.value}" is not an option`);
    if (token.kind !== 'option') continue;
    const known = Object.hasOwn(options, token.name);
    if (!known) faults.push(`${token.rawName} is not an option`);
    else if (token.name === 'help') texts.set('help', '');
    else if (token.value === undefined) faults.push(`${token.rawName} needs a value`);
    else texts.set(token.name, token.value);
  }
  return texts;
}

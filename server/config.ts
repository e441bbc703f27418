// Every setting of the service: one table, read from the environment all at once.
import { ConfigError } from './errors.ts';

type Setting<T> = {
  readonly default: T;
  /** The value, or throws an Error that says what would be right. */
  readonly parse: (text: string) => T;
};

const settings = {
  PORT: setting(4000, integer(0, 65_535)),
  HOST: setting('127.0.0.1', text),
  ALLOWED_HOSTS: setting<readonly string[]>([], list),
  CORS_ORIGINS: setting<readonly string[]>(
    ['http://localhost:5173', 'http://127.0.0.1:5173'],
    origins,
  ),
  KAFKA_BROKERS: setting<readonly string[] | null>(null, brokers),
  KAFKA_SSL: setting(false, boolean),
  KAFKA_SASL_MECHANISM: setting<SaslMechanism | null>(null, saslMechanism),
  KAFKA_USERNAME: setting<string | null>(null, text),
  KAFKA_PASSWORD: setting<string | null>(null, text),
  ORDERS_TOPIC: setting('orders', topic),
  DLQ_TOPIC: setting('orders-dlq', topic),
  CHECKPOINT_TOPIC: setting<string | null>(null, topic),
  GROUP_ID: setting('order-consumer-group', text),
  PARTITIONS: setting(3, integer(1, 1000)),
  MAX_RETRIES: setting(3, integer(0, 1000)),
  RETRY_BACKOFF_MS: setting(1000, integer(0, 3_600_000)),
  RETRY_MAX_BACKOFF_MS: setting(30_000, integer(0, 86_400_000)),
  FAILURE_RATE: setting(0.1, share),
  MAX_PENDING: setting(100_000, integer(1, 100_000)),
  MAX_PENDING_BYTES: setting(16 * 2 ** 20, integer(1, 2 ** 31)),
  MAX_PRODUCTS: setting(100_000, integer(1, 1_000_000)),
  CHECKPOINT_INTERVAL_MS: setting(100, integer(1, 60_000)),
  DLQ_BUFFER_SIZE: setting(1000, integer(1, 100_000)),
  LOG_LEVEL: setting<LogLevel>('info', oneOf(['debug', 'info', 'warn', 'error', 'silent'])),
};

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type SaslMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512';
type Settings = { [Name in keyof typeof settings]: (typeof settings)[Name]['default'] };
export type Config = Readonly<Omit<Settings, 'CHECKPOINT_TOPIC'> & { CHECKPOINT_TOPIC: string }>;

/** Reads the settings. Throws one ConfigError that lists every fault; an empty variable is unset. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { default: byDefault, parse }] of Object.entries<Setting<unknown>>(settings)) {
    const given = env[name];
    try {
      values[name] = given === undefined || given === '' ? byDefault : parse(given);
    } catch (error) {
      faults.push(`${name}: ${(error as Error).message}`);
    }
  }
  const config = values as Settings;
  config.CHECKPOINT_TOPIC ??= `${config.GROUP_ID}-checkpoints`;
  if (faults.length === 0) faults.push(...contradictions(config));
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(config as Config);
}

/** The credentials in the form in which kafkajs takes them; undefined without SASL. */
export function saslOf(config: Config) {
  const {
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_USERNAME: username,
    KAFKA_PASSWORD: password,
  } = config;
  if (mechanism === null || username === null || password === null) return undefined;
  return { mechanism, username, password };
}

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

function contradictions(config: Settings): string[] {
  const { ORDERS_TOPIC, DLQ_TOPIC, CHECKPOINT_TOPIC, KAFKA_USERNAME, KAFKA_PASSWORD } = config;
  const sasl = config.KAFKA_SASL_MECHANISM !== null;
  const faults: [boolean, string][] = [
    [
      new Set([ORDERS_TOPIC, DLQ_TOPIC, CHECKPOINT_TOPIC]).size < 3,
      'ORDERS_TOPIC, DLQ_TOPIC and CHECKPOINT_TOPIC: must be three different topics',
    ],
    [
      !TOPIC.test(CHECKPOINT_TOPIC ?? ''),
      `CHECKPOINT_TOPIC: "${CHECKPOINT_TOPIC}", from GROUP_ID, is no topic name; set CHECKPOINT_TOPIC`,
    ],
    [
      sasl && (KAFKA_USERNAME === null || KAFKA_PASSWORD === null),
      'KAFKA_SASL_MECHANISM: needs KAFKA_USERNAME and KAFKA_PASSWORD',
    ],
    [
      !sasl && (KAFKA_USERNAME !== null || KAFKA_PASSWORD !== null),
      'KAFKA_USERNAME, KAFKA_PASSWORD: need KAFKA_SASL_MECHANISM',
    ],
    [
      (sasl || config.KAFKA_SSL) && config.KAFKA_BROKERS === null,
      'KAFKA_SSL, KAFKA_SASL_MECHANISM: need KAFKA_BROKERS',
    ],
    [
      config.RETRY_MAX_BACKOFF_MS < config.RETRY_BACKOFF_MS,
      'RETRY_MAX_BACKOFF_MS: is less than RETRY_BACKOFF_MS',
    ],
    [
      !LOOPBACK.includes(config.HOST) && config.ALLOWED_HOSTS.length === 0,
      `HOST: ${config.HOST} is reached from other machines, so ALLOWED_HOSTS must name this one`,
    ],
  ];
  return faults.filter(([wrong]) => wrong).map(([, words]) => words);
}

function setting<T>(byDefault: T, parse: (text: string) => T): Setting<T> {
  return { default: byDefault, parse };
}

function text(value: string): string {
  return value;
}

function integer(min: number, max: number) {
  return (value: string): number => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= min && number <= max) return number;
    throw new Error(`"${value}" is not a whole number from ${min} to ${max}`);
  };
}

function share(value: string): number {
  const number = Number(value);
  if (/^\d*\.?\d+$/.test(value) && number <= 1) return number;
  throw new Error(`"${value}" is not a number from 0 to 1`);
}

function boolean(value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw new Error(`"${value}" is neither true nor false`);
}

function oneOf<T extends string>(words: readonly T[]) {
  return (value: string): T => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    throw new Error(`"${value}" is none of ${words.join(', ')}`);
  };
}

function saslMechanism(value: string): SaslMechanism {
  return oneOf<SaslMechanism>(['plain', 'scram-sha-256', 'scram-sha-512'])(value);
}

function list(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

const TOPIC = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/;

function topic(value: string): string {
  if (TOPIC.test(value)) return value;
  throw new Error(`"${value}" is no topic name: letters, digits, ".", "_" and "-", at most 249`);
}

const BROKER = /^(\[[^\s\]/]+\]|[^\s:/[\]]+):(\d{1,5})$/;

function brokers(value: string): string[] {
  const all = list(value);
  const wrong = all.filter((item) => !isBroker(item));
  if (all.length > 0 && wrong.length === 0) return [...new Set(all)];
  throw new Error(`"${value}" is not a list of host:port or [IPv6]:port, ports from 1 to 65535`);
}

function isBroker(item: string): boolean {
  const [, host, port] = BROKER.exec(item) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return false;
  // A URL knows what an IPv6 address is, but no zone such as %eth0.
  return !host.startsWith('[') || URL.canParse(`http://${host.replace(/%[\w.]+\]$/, ']')}`);
}

function origins(value: string): string[] {
  const all = list(value);
  const wrong = all.filter((item) => !URL.canParse(item) || new URL(item).origin !== item);
  if (wrong.length === 0) return all;
  throw new Error(`"${wrong[0]}" is not an origin such as http://localhost:5173`);
}

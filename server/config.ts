// Every setting of the service: one table, read from the environment all at once.
import { isIP } from 'node:net';
import { ConfigError } from './errors.ts';

type Setting<T> = {
  readonly default: T;
  /** The value, or throws an Error that says what would be right. */
  readonly parse: (text: string) => T;
};

const settings = {
  PORT: setting(4000, integer(0, 65_535)),
  HOST: setting('127.0.0.1', text),
  ALLOWED_HOSTS: setting<readonly string[]>([], hostNames),
  CORS_ORIGINS: setting<readonly string[]>(
    ['http://localhost:5173', 'http://127.0.0.1:5173'],
    origins,
  ),
  TRUST_PROXY: setting<readonly string[]>([], proxies),
  STREAMS_PER_ADDRESS: setting(20, integer(1, 10_000)),
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

function brokers(value: string): string[] {
  const all = list(value);
  const wrong = all.filter((item) => !/^[^\s:/]+:\d{1,5}$/.test(item));
  if (all.length > 0 && wrong.length === 0) return all;
  throw new Error(`"${value}" is not a list of host:port`);
}

function origins(value: string): string[] {
  const all = list(value);
  const wrong = all.filter((item) => !URL.canParse(item) || new URL(item).origin !== item);
  if (wrong.length === 0) return all;
  throw new Error(`"${wrong[0]}" is not an origin such as http://localhost:5173`);
}

/** Names as a Host header has them, in small letters; what could never match is refused, not ignored. */
function hostNames(value: string): string[] {
  return list(value).map((item) => {
    const name = item.toLowerCase();
    if (name.includes('*')) {
      throw new Error(
        `"${item}" has a *: any page of the web could be read through it; list the names`,
      );
    }
    if (HOST_WITH_PORT.test(name)) {
      throw new Error(`"${item}" has a port: give the name alone, it is served on every port`);
    }
    if (HOST_NAME.test(name) || isIP(name) > 0) return name;
    if (/^\[.*\]$/.test(name) && isIP(name.slice(1, -1)) === 6) return name;
    throw new Error(`"${item}" is no host name such as orders.example`);
  });
}

const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;
const HOST_WITH_PORT = /^([^:]+|\[.*\]):\d*$/;
const NETWORKS = ['loopback', 'linklocal', 'uniquelocal'];

/** `false`, or whose X-Forwarded-For is believed: addresses, networks, or names of networks. */
function proxies(value: string): string[] {
  if (value === 'false') return [];
  const all = list(value);
  const wrong = all.find((item) => !NETWORKS.includes(item) && !isNetwork(item));
  if (all.length > 0 && wrong === undefined) return all;
  throw new Error(
    `"${wrong ?? value}" is neither false nor an address, a network such as 10.0.0.0/8, or one of ${NETWORKS.join(', ')}`,
  );
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0 || address.includes('%')) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  );
}

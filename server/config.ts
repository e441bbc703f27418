// Every setting of the service: one table, read from the environment all at once.
import { isIP } from 'node:net';
import { isLoopback, parseHost } from './config/address.ts';
import {
  boolean,
  integer,
  list,
  oneOf,
  type Setting,
  secret,
  setting,
  share,
  text,
} from './config/setting.ts';
import { ConfigError } from './errors.ts';

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
const ORDERINGS = ['none', 'key', 'partition'] as const;
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'] as const;

const settings = {
  PORT: setting(4000, integer(0, 65_535), 'port of the page and of everything else over HTTP'),
  HOST: setting('127.0.0.1', parseHost, 'where to listen; beyond the loopback needs ALLOWED_HOSTS'),
  ALLOWED_HOSTS: setting<readonly string[]>(
    [],
    hostNames,
    'host names to be addressed by, without ports, with commas',
  ),
  TRUST_PROXY: setting<readonly string[]>(
    [],
    proxies,
    'proxies whose X-Forwarded-For is believed: 10.0.0.0/8,::1,loopback',
  ),
  STREAMS_PER_ADDRESS: setting(
    20,
    integer(1, 10_000),
    'of an IPv6 address the first 64 bits count; 10,000 streams in all',
  ),
  CORS_ORIGINS: setting<readonly string[]>(
    ['http://localhost:5173', 'http://127.0.0.1:5173'],
    origins,
    'pages of other origins that may read',
  ),
  ADMIN_TOKEN: secret(
    'at least 32 characters; without it commands are taken on the loopback alone',
    adminToken,
  ),
  READ_ONLY: setting(false, boolean, 'true: no commands over HTTP at all'),
  KAFKA_BROKERS: setting<readonly string[] | null>(
    null,
    brokers,
    'host:port,…; unset: localhost:9092, embedded if nothing answers there',
  ),
  KAFKA_SSL: setting(false, boolean, 'true: TLS'),
  KAFKA_SSL_CA: setting<string | null>(null, text, 'PEM file with the authorities to trust'),
  KAFKA_SSL_CERT: setting<string | null>(
    null,
    text,
    'PEM file with the certificate of this client',
  ),
  KAFKA_SSL_KEY: setting<string | null>(null, text, 'PEM file with its key'),
  KAFKA_SSL_KEY_PASSWORD: secret('of the key, when it is encrypted'),
  KAFKA_SASL_MECHANISM: setting<SaslMechanism | null>(
    null,
    oneOf(MECHANISMS),
    `${MECHANISMS.join(', ')}; unset: no login`,
  ),
  KAFKA_USERNAME: setting<string | null>(null, text, 'for plain and scram'),
  KAFKA_PASSWORD: secret('for plain and scram'),
  KAFKA_OAUTH_TOKEN_URL: setting<string | null>(
    null,
    withoutCredentials('KAFKA_OAUTH_CLIENT_ID and _SECRET are for them'),
    'for oauthbearer: gives tokens for client credentials',
  ),
  KAFKA_OAUTH_CLIENT_ID: setting<string | null>(null, text, 'for oauthbearer'),
  KAFKA_OAUTH_CLIENT_SECRET: secret('for oauthbearer'),
  KAFKA_OAUTH_SCOPE: setting<string | null>(null, text, 'for oauthbearer, if it is asked for'),
  SCHEMA_REGISTRY_URL: setting<string | null>(
    null,
    registryUrl,
    'asked for the schemas of orders; a private CA: NODE_EXTRA_CA_CERTS',
  ),
  SCHEMA_REGISTRY_USER: setting<string | null>(null, text, 'for SCHEMA_REGISTRY_URL'),
  SCHEMA_REGISTRY_PASSWORD: secret('for SCHEMA_REGISTRY_USER'),
  SCHEMA_REGISTRY_TOKEN: secret('for SCHEMA_REGISTRY_URL, instead of a user'),
  BROKER_DATA: setting('data/broker', text, 'folder of the embedded broker'),
  BROKER_MEMORY: setting(false, boolean, 'true: the embedded broker keeps nothing'),
  ORDERS_TOPIC: setting('orders', topic, 'created when missing'),
  DLQ_TOPIC: setting('orders-dlq', topic, 'created when missing'),
  CHECKPOINT_TOPIC: setting<string | null>(null, topic, 'unset: <GROUP_ID>-checkpoints'),
  COMMAND_TOPIC: setting<string | null>(null, topic, 'unset: <GROUP_ID>-commands'),
  GROUP_ID: setting('order-consumer-group', text, 'the consumer group; a new one is a new state'),
  PARTITIONS: setting(3, integer(1, 1000), 'of ORDERS_TOPIC, when it has to be created'),
  MAX_RETRIES: setting(3, integer(0, 1000), 'attempts after the first'),
  RETRY_BACKOFF_MS: setting(1000, integer(0, 3_600_000), 'longest first pause; doubles each time'),
  RETRY_MAX_BACKOFF_MS: setting(30_000, integer(0, 86_400_000), 'longest of all pauses'),
  FAILURE_RATE: setting(0.1, share, 'share of attempts that fail, simulated'),
  HANDLER_CONCURRENCY: setting(
    64,
    integer(1, 10_000),
    'handler calls under way at once, per partition',
  ),
  HANDLER_TIMEOUT_MS: setting(
    30_000,
    integer(1, 3_600_000),
    'for one handler call; then its signal fires and it has failed',
  ),
  HANDLER_URL: setting<string | null>(
    null,
    withoutCredentials('they would stand in logs; a handler of your own may send a header'),
    'post each order there, instead of the simulated handler',
  ),
  ORDERING: setting<Ordering>(
    'none',
    oneOf(ORDERINGS),
    'none, key or partition: which orders wait for each other',
  ),
  MAX_PENDING: setting(100_000, integer(1, 100_000), 'orders waiting, per partition'),
  MAX_PENDING_BYTES: setting(16 * 2 ** 20, integer(1, 2 ** 31), 'their bytes, per partition'),
  MAX_PRODUCTS: setting(100_000, integer(1, 1_000_000), 'per partition'),
  CHECKPOINT_INTERVAL_MS: setting(
    100,
    integer(1, 60_000),
    'longer when checkpoints would cost more than a tenth of the time',
  ),
  BREAKER_RATIO: setting(
    0.5,
    share,
    'a partition pauses when more than this share of its orders is given up; 0: never',
  ),
  BREAKER_WINDOW_MS: setting(
    60_000,
    integer(100, 3_600_000),
    'of the orders that ended within so long',
  ),
  BREAKER_MIN: setting(100, integer(1, 1_000_000), 'of which there have to be so many'),
  DLQ_BUFFER_SIZE: setting(
    1000,
    integer(1, 100_000),
    'newest dead letters to keep, for /dlq and the page',
  ),
  LOG_LEVEL: setting<LogLevel>('info', oneOf(LEVELS), LEVELS.join(', ')),
};

export type LogLevel = (typeof LEVELS)[number];
type Ordering = (typeof ORDERINGS)[number];
type SaslMechanism = (typeof MECHANISMS)[number];
type Settings = { [Name in keyof typeof settings]: (typeof settings)[Name]['default'] };
type OfTheGroup = 'CHECKPOINT_TOPIC' | 'COMMAND_TOPIC';
export type Config = Readonly<Omit<Settings, OfTheGroup> & Record<OfTheGroup, string>>;

/** Every setting as people read of it: its name, its default as text ('' for none), what it means. */
export const settingRows = Object.entries<Setting<unknown>>(settings).map(
  ([name, { default: byDefault, meaning }]) => ({
    name,
    default: Array.isArray(byDefault) ? byDefault.join(', ') : `${byDefault ?? ''}`,
    meaning,
  }),
);

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings. Throws one ConfigError that lists every fault. Space around a value is dropped
 * (not of a password), and a variable in which nothing is left is unset.
 */
export function loadConfig(env: Environment): Config {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries<Setting<unknown>>(settings)) {
    const { default: byDefault, parse, secret } = setting;
    const trimmed = env[name]?.trim() ?? '';
    const given = secret ? (env[name] ?? '') : trimmed;
    try {
      values[name] = trimmed === '' ? byDefault : parse(given);
    } catch (error) {
      faults.push(`${name}: ${(error as Error).message}`);
    }
  }
  const config = values as Settings;
  config.CHECKPOINT_TOPIC ??= `${config.GROUP_ID}-checkpoints`;
  config.COMMAND_TOPIC ??= `${config.GROUP_ID}-commands`;
  if (faults.length === 0) faults.push(...contradictions(config));
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(config as Config);
}

/**
 * The settings in force, a line `NAME=value` each, as a .env file takes them; those that `env` has set are
 * marked. No line holds a secret.
 */
export function printedConfig(config: Config, env: Environment): string[] {
  return Object.entries<Setting<unknown>>(settings).map(([name, { secret }]) => {
    const isSet = (env[name]?.trim() ?? '') !== '';
    return `${name}=${printed(config[name as keyof Config], secret)}${isSet ? '   # set' : ''}`;
  });
}

function printed(value: unknown, isSecret: boolean): string {
  if (value === null) return '';
  if (isSecret) return '********';
  const text = Array.isArray(value) ? value.join(',') : String(value);
  return text.includes('#') ? JSON.stringify(text) : text;
}

/** TLS and login to Kafka, as they are set. */
export function securityOf(config: Config) {
  return { tls: config.KAFKA_SSL ? tlsOf(config) : null, login: loginOf(config) };
}

function tlsOf(config: Settings) {
  const { KAFKA_SSL_CA: ca, KAFKA_SSL_CERT: certificate, KAFKA_SSL_KEY: key } = config;
  return { ca, certificate, key, keyPassword: config.KAFKA_SSL_KEY_PASSWORD };
}

function loginOf(config: Settings) {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_OAUTH_SCOPE: scope } = config;
  const { KAFKA_USERNAME: username, KAFKA_PASSWORD: password } = config;
  const { KAFKA_OAUTH_CLIENT_ID: clientId, KAFKA_OAUTH_CLIENT_SECRET: clientSecret } = config;
  const { KAFKA_OAUTH_TOKEN_URL: tokenUrl } = config;
  if (mechanism === 'oauthbearer') {
    if (tokenUrl === null || clientId === null || clientSecret === null) return null;
    return { mechanism, tokenUrl, clientId, clientSecret, scope };
  }
  if (mechanism === null || username === null || password === null) return null;
  return { mechanism, username, password };
}

/** Settings that mean nothing without another, or that another needs. */
function securityFaults(config: Settings): [boolean, string][] {
  const set = (name: keyof Settings) => config[name] !== null;
  const mechanism = config.KAFKA_SASL_MECHANISM;
  const byPassword = mechanism !== null && mechanism !== 'oauthbearer';
  const byToken = mechanism === 'oauthbearer';
  const files = [
    'KAFKA_SSL_CA',
    'KAFKA_SSL_CERT',
    'KAFKA_SSL_KEY',
    'KAFKA_SSL_KEY_PASSWORD',
  ] as const;
  const tokens = [
    'KAFKA_OAUTH_TOKEN_URL',
    'KAFKA_OAUTH_CLIENT_ID',
    'KAFKA_OAUTH_CLIENT_SECRET',
  ] as const;
  return [
    [
      byPassword && !(set('KAFKA_USERNAME') && set('KAFKA_PASSWORD')),
      `KAFKA_SASL_MECHANISM: ${mechanism} needs KAFKA_USERNAME and KAFKA_PASSWORD`,
    ],
    [
      !byPassword && (set('KAFKA_USERNAME') || set('KAFKA_PASSWORD')),
      'KAFKA_USERNAME, KAFKA_PASSWORD: need KAFKA_SASL_MECHANISM, plain or scram',
    ],
    [byToken && !tokens.every(set), `KAFKA_SASL_MECHANISM: oauthbearer needs ${tokens.join(', ')}`],
    [
      !byToken && [...tokens, 'KAFKA_OAUTH_SCOPE' as const].some(set),
      `KAFKA_OAUTH_…: need KAFKA_SASL_MECHANISM, oauthbearer`,
    ],
    [!config.KAFKA_SSL && files.some(set), `${files.filter(set).join(', ')}: need KAFKA_SSL=true`],
    [
      set('KAFKA_SSL_CERT') !== set('KAFKA_SSL_KEY'),
      'KAFKA_SSL_CERT, KAFKA_SSL_KEY: are needed together',
    ],
    [
      (mechanism !== null || config.KAFKA_SSL) && config.KAFKA_BROKERS === null,
      'KAFKA_SSL, KAFKA_SASL_MECHANISM: need KAFKA_BROKERS',
    ],
  ];
}

function contradictions(config: Settings): string[] {
  const { ORDERS_TOPIC, DLQ_TOPIC, CHECKPOINT_TOPIC, COMMAND_TOPIC } = config;
  const {
    SCHEMA_REGISTRY_USER: user,
    SCHEMA_REGISTRY_PASSWORD: password,
    SCHEMA_REGISTRY_TOKEN: token,
  } = config;
  const faults: [boolean, string][] = [
    [
      new Set([ORDERS_TOPIC, DLQ_TOPIC, CHECKPOINT_TOPIC, COMMAND_TOPIC]).size < 4,
      'ORDERS_TOPIC, DLQ_TOPIC, CHECKPOINT_TOPIC and COMMAND_TOPIC: must be four different topics',
    ],
    [
      !TOPIC.test(CHECKPOINT_TOPIC ?? ''),
      `CHECKPOINT_TOPIC: "${CHECKPOINT_TOPIC}", from GROUP_ID, is no topic name; set CHECKPOINT_TOPIC`,
    ],
    ...securityFaults(config),
    [
      !TOPIC.test(COMMAND_TOPIC ?? ''),
      `COMMAND_TOPIC: "${COMMAND_TOPIC}", from GROUP_ID, is no topic name; set COMMAND_TOPIC`,
    ],
    [
      (user === null) !== (password === null),
      'SCHEMA_REGISTRY_USER, SCHEMA_REGISTRY_PASSWORD: need each other',
    ],
    [
      user !== null && token !== null,
      'SCHEMA_REGISTRY_TOKEN: is instead of SCHEMA_REGISTRY_USER, not beside it',
    ],
    [
      config.SCHEMA_REGISTRY_URL === null && (user ?? password ?? token) !== null,
      'SCHEMA_REGISTRY_USER, _PASSWORD, _TOKEN: need SCHEMA_REGISTRY_URL',
    ],
    [
      config.RETRY_MAX_BACKOFF_MS < config.RETRY_BACKOFF_MS,
      'RETRY_MAX_BACKOFF_MS: is less than RETRY_BACKOFF_MS',
    ],
    [
      !isLoopback(config.HOST) && config.ALLOWED_HOSTS.length === 0,
      `HOST: ${config.HOST} is reached from other machines, so ALLOWED_HOSTS must name this one`,
    ],
  ];
  return faults.filter(([wrong]) => wrong).map(([, words]) => words);
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

/** What a header can carry as one word, and nobody can guess. */
function adminToken(value: string): string {
  if (/^[\x21-\x7e]{32,1024}$/.test(value)) return value;
  throw new Error('has fewer than 32 characters, or others than visible ASCII without spaces');
}

function httpUrl(value: string): string {
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value;
  throw new Error(`"${value}" is no URL of http or https`);
}

/** A request to a URL with credentials is refused by fetch, in words that have them in full. */
function withoutCredentials(instead: string) {
  return (value: string): string => {
    const { username, password } = new URL(httpUrl(value));
    if (username === '' && password === '') return value;
    throw new Error(`has credentials in it: ${instead}`);
  };
}

const plainRegistryUrl = withoutCredentials('SCHEMA_REGISTRY_USER and _PASSWORD are for them');

function registryUrl(value: string): string {
  const { search, hash } = new URL(plainRegistryUrl(value));
  if (search === '' && hash === '') return value;
  throw new Error(`"${value}" has something behind its path`);
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

import { parseEnv } from 'node:util';
import t from 'tap';
import { loadConfig, printedConfig, settingRows } from '../server/config.ts';

t.test('the defaults are those of the documentation', async (t) => {
  const config = loadConfig({});
  t.match(config, {
    PORT: 4000,
    HOST: '127.0.0.1',
    KAFKA_BROKERS: null,
    CHECKPOINT_TOPIC: 'order-consumer-group-checkpoints',
    COMMAND_TOPIC: 'order-consumer-group-commands',
    MAX_RETRIES: 3,
    FAILURE_RATE: 0.1,
    MAX_PENDING: 100_000,
  });
  t.ok(Object.isFrozen(config));
});

t.test('every fault is listed in one error', async (t) => {
  const env = { PORT: '70000', FAILURE_RATE: '1.5', KAFKA_BROKERS: 'nowhere', LOG_LEVEL: 'loud' };
  t.throws(() => loadConfig(env), {
    code: 'CONFIG',
    message: /PORT: .*\n.*KAFKA_BROKERS: .*\n.*FAILURE_RATE: .*\n.*LOG_LEVEL: /,
  });
});

t.test('settings that contradict each other are faults', async (t) => {
  const contradictions = {
    'must be four different topics': { DLQ_TOPIC: 'orders' },
    'set COMMAND_TOPIC': { GROUP_ID: 'a group', CHECKPOINT_TOPIC: 'c' },
    'needs KAFKA_USERNAME': { KAFKA_SASL_MECHANISM: 'plain', KAFKA_BROKERS: 'k:9092' },
    'need KAFKA_SASL_MECHANISM': { KAFKA_PASSWORD: 'x' },
    'need KAFKA_BROKERS': { KAFKA_SSL: 'true' },
    'is less than RETRY_BACKOFF_MS': { RETRY_MAX_BACKOFF_MS: '1' },
    'ALLOWED_HOSTS must name': { HOST: '0.0.0.0' },
    'set CHECKPOINT_TOPIC': { GROUP_ID: 'a group' },
  };
  for (const [words, env] of Object.entries(contradictions)) {
    t.throws(() => loadConfig(env), { message: new RegExp(words) }, words);
  }
});

t.test(
  'an empty variable is an unset one, and space around a value is no part of it',
  async (t) => {
    const config = loadConfig({
      PORT: '',
      HOST: ' ',
      KAFKA_BROKERS: ' a:1, b:2 ',
      MAX_RETRIES: '5\r',
      BROKER_DATA: '\t',
    });
    t.equal(config.PORT, 4000);
    t.equal(config.HOST, '127.0.0.1');
    t.same(config.KAFKA_BROKERS, ['a:1', 'b:2']);
    t.equal(config.MAX_RETRIES, 5);
    t.equal(config.BROKER_DATA, 'data/broker');
  },
);

t.test('a password is taken as it is, without what no password holds', async (t) => {
  const login = { KAFKA_BROKERS: 'a:1', KAFKA_SASL_MECHANISM: 'plain', KAFKA_USERNAME: 'u' };
  t.equal(loadConfig({ ...login, KAFKA_PASSWORD: ' x ' }).KAFKA_PASSWORD, ' x ');
  const fault = t.throws(() => loadConfig({ ...login, KAFKA_PASSWORD: 'secret\n' })) as Error;
  t.match(fault.message, /KAFKA_PASSWORD: has a line break/);
  t.notMatch(fault.message, /secret/, 'and it is not told');
});

t.test(
  'a host is an address or a name, and beyond the loopback it needs ALLOWED_HOSTS',
  async (t) => {
    t.equal(loadConfig({ HOST: '[::1]' }).HOST, '::1');
    t.equal(loadConfig({ HOST: '127.0.0.2' }).HOST, '127.0.0.2');
    t.equal(loadConfig({ HOST: '::', ALLOWED_HOSTS: 'a.example' }).HOST, '::');
    t.throws(() => loadConfig({ HOST: 'localhost:4000' }), { message: /HOST: .*the port is PORT/ });
    t.throws(() => loadConfig({ HOST: '::' }), { message: /ALLOWED_HOSTS must name/ });
  },
);

t.test('each setting has a meaning of one line, and its default as text', async (t) => {
  t.match(
    new Map(settingRows.map((row) => [row.name, row.default])),
    new Map([
      ['PORT', '4000'],
      ['KAFKA_BROKERS', ''],
      ['CORS_ORIGINS', 'http://localhost:5173, http://127.0.0.1:5173'],
      ['BROKER_MEMORY', 'false'],
    ]),
  );
  for (const { name, meaning } of settingRows) t.match(meaning, /^[^|\n]+$/, name);
});

t.test('brokers are host:port or [IPv6]:port, each once', async (t) => {
  const read = (KAFKA_BROKERS: string) => loadConfig({ KAFKA_BROKERS }).KAFKA_BROKERS;
  t.same(read('[::1]:9092, k-1.example.com:1,127.0.0.1:65535,[fe80::1%eth0]:1'), [
    '[::1]:9092',
    'k-1.example.com:1',
    '127.0.0.1:65535',
    '[fe80::1%eth0]:1',
  ]);
  t.same(read('a:1,b:2,a:1'), ['a:1', 'b:2']);
  const wrong = [
    'a:0',
    'a:65536',
    'a',
    ':1',
    '::1:9092',
    '[::1]',
    '[::1:9092',
    '[nothing]:1',
    '[]:1',
  ];
  for (const each of [...wrong, 'http://a:1', 'a:1,b', 'a b:1']) {
    t.throws(() => read(each), { message: /is not a list of host:port or \[IPv6\]:port/ }, each);
  }
});

t.test('a host is used or refused in words, never ignored', async (t) => {
  const hosts = (ALLOWED_HOSTS: string) => loadConfig({ ALLOWED_HOSTS }).ALLOWED_HOSTS;
  t.same(hosts('Orders.Example, a_b.internal,10.0.0.1,[::1],xn--mller-kva.example'), [
    'orders.example',
    'a_b.internal',
    '10.0.0.1',
    '[::1]',
    'xn--mller-kva.example',
  ]);
  const refused = {
    'has a port': ['orders.example:4000', '[::1]:4000', 'localhost:'],
    'any page of the web': ['*', '*.example'],
    'is no host name': ['http://orders.example', 'orders.example/', 'a b', 'müller.example', '-a'],
  };
  for (const [words, entries] of Object.entries(refused)) {
    for (const entry of entries) {
      t.throws(() => hosts(`fine.example,${entry}`), { message: new RegExp(words) }, entry);
    }
  }
});

t.test('proxies are addresses, networks, or names of networks', async (t) => {
  const proxies = (TRUST_PROXY: string) => loadConfig({ TRUST_PROXY }).TRUST_PROXY;
  t.same(proxies('false'), []);
  t.same(proxies('10.0.0.0/8, ::1,loopback'), ['10.0.0.0/8', '::1', 'loopback']);
  for (const entry of [
    'true',
    '*',
    '10.0.0.0/33',
    '10.0.0',
    'proxy.internal',
    '::1/129',
    '1',
    ',',
  ]) {
    t.throws(() => proxies(entry), { message: /TRUST_PROXY: .* is neither false nor/ }, entry);
  }
  t.equal(loadConfig({}).STREAMS_PER_ADDRESS, 20);
});

t.test('the printed settings can be read again and hold no secret', async (t) => {
  const env = {
    PORT: '4001',
    KAFKA_BROKERS: 'a:1,b:2',
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_USERNAME: 'me#1',
    KAFKA_PASSWORD: 'hunter2',
    HANDLER_URL: 'https://example.com/orders?at=me@home',
  };
  const config = loadConfig(env);
  const printed = printedConfig(config, env);
  t.notMatch(printed.join('\n'), /hunter2/);
  t.match(printed, [/^PORT=4001 {3}# set$/]);
  t.ok(
    printed.includes('CHECKPOINT_TOPIC=order-consumer-group-checkpoints'),
    'what follows from others',
  );
  const again = loadConfig(parseEnv(printed.join('\n')) as Record<string, string>);
  t.same({ ...again, KAFKA_PASSWORD: '' }, { ...config, KAFKA_PASSWORD: '' });
});

t.test('a word is taken in capitals too, as Kafka writes it', async (t) => {
  const login = { KAFKA_BROKERS: 'a:1', KAFKA_USERNAME: 'me', KAFKA_PASSWORD: 'secret' };
  const config = loadConfig({ ...login, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', LOG_LEVEL: 'INFO' });
  t.match(config, { KAFKA_SASL_MECHANISM: 'scram-sha-512', LOG_LEVEL: 'info' });
});

t.test('no URL has credentials in it, and the refusal does not tell them', async (t) => {
  for (const name of ['HANDLER_URL', 'KAFKA_OAUTH_TOKEN_URL', 'SCHEMA_REGISTRY_URL']) {
    try {
      loadConfig({ [name]: 'https://me:hunter2@example.com/' });
      t.fail(`${name} was taken`);
    } catch (error) {
      t.match(String(error), new RegExp(`${name}: has credentials in it`));
      t.notMatch(String(error), /hunter2/);
    }
  }
});

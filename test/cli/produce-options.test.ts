import t from 'tap';
import { parseProduceOptions } from '../../server/cli/produce-options.ts';

t.test('without arguments: one order every 1 to 2 s for the Kafka on this machine', async (t) => {
  t.strictSame(parseProduceOptions([], {}), {
    connection: { brokers: ['localhost:9092'], security: { tls: null, login: null } },
    topic: 'orders',
    partitions: 3,
    rate: undefined,
    count: undefined,
    products: 4,
    bad: 0.02,
    seed: undefined,
    format: { framing: 'raw', schemaFile: undefined, register: false, registry: null },
  });
});

t.test('arguments win over the environment, in either spelling', async (t) => {
  const env = { KAFKA_BROKERS: 'a:1,b:2', ORDERS_TOPIC: 'from-env' };
  t.match(parseProduceOptions([], env), {
    connection: { brokers: ['a:1', 'b:2'] },
    topic: 'from-env',
  });
  const args = ['--brokers=c:3', '--topic', 'mine', '--rate', '0', '--seed=0', '--bad', '1'];
  t.match(parseProduceOptions(args, env), {
    connection: { brokers: ['c:3'] },
    topic: 'mine',
    rate: 0,
    seed: 0,
    bad: 1,
  });
});

t.test('help is given whatever else is wrong', async (t) => {
  t.equal(parseProduceOptions(['--rate', 'x', '--help'], {}), 'help');
});

t.test('every fault is named in one error', async (t) => {
  const args = ['--rate', 'fast', '--count=0', '--products', '1.5', '--bad', '2', '--seed', ''];
  const rest = ['--topic', 'a b', '--brokers', 'localhost', '--speed', 'extra'];
  const env = { KAFKA_SSL: 'yes', KAFKA_SASL_MECHANISM: 'magic' };
  const thrown = t.throws(() => parseProduceOptions([...args, ...rest], env)) as Error;
  for (const fault of [
    '--rate is a number from 0 to 1000000, not "fast"',
    '--count is a whole number',
    '--products is a whole number',
    '--bad is a number from 0 to 1, not "2"',
    '--seed needs a value',
    'ORDERS_TOPIC: "a b" is no topic name',
    'KAFKA_BROKERS: "localhost" is not a list of host:port',
    '--speed is not an option',
    '"extra" is not an option',
    'KAFKA_SSL: "yes" is neither true nor false',
    'KAFKA_SASL_MECHANISM: "magic" is none of plain, scram-sha-256, scram-sha-512',
  ]) {
    t.ok(thrown.message.includes(fault), fault);
  }
});

t.test('SASL and TLS come from the environment', async (t) => {
  const secrets = { KAFKA_USERNAME: 'me', KAFKA_PASSWORD: 'secret' };
  const env = {
    KAFKA_SSL: 'true',
    KAFKA_SASL_MECHANISM: 'scram-sha-256',
    KAFKA_BROKERS: 'a:1',
    ...secrets,
  };
  t.match(parseProduceOptions([], env), {
    connection: {
      security: {
        tls: { ca: null, certificate: null, key: null, keyPassword: null },
        login: { mechanism: 'scram-sha-256', username: 'me', password: 'secret' },
      },
    },
  });
});

t.test('the format of good orders is checked with what it needs', async (t) => {
  const url = { SCHEMA_REGISTRY_URL: 'http://localhost:8081' };
  t.match(parseProduceOptions([], {}), {
    format: { framing: 'raw', schemaFile: undefined, register: false, registry: null },
  });
  const args = ['--format', 'registry', '--schema', 'x.avsc', '--register'];
  t.match(parseProduceOptions(args, { ...url, SCHEMA_REGISTRY_TOKEN: 'x' }), {
    format: {
      framing: 'registry',
      schemaFile: 'x.avsc',
      register: true,
      registry: { url: 'http://localhost:8081', authorization: 'Bearer x' },
    },
  });
  for (const [wrong, words] of [
    [['--format', 'json'], /--format is one of raw, single-object, registry, not "json"/],
    [['--schema', 'x.avsc'], /--schema needs --format/],
    [['--format', 'single-object', '--register'], /--register needs --format registry/],
    [['--format', 'registry'], /--format registry needs SCHEMA_REGISTRY_URL/],
  ] as const) {
    t.throws(() => parseProduceOptions(wrong, {}), words);
  }
});

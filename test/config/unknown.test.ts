import t from 'tap';
import { unknownSettings } from '../../server/config/unknown.ts';
import { settingRows } from '../../server/config.ts';

const settings = settingRows.map(({ name }) => name);

t.test('a variable that is nearly a setting is named with the setting', async (t) => {
  const meant = {
    MAX_RETRY: 'MAX_RETRIES',
    KAFKA_BROKER: 'KAFKA_BROKERS',
    max_retries: 'MAX_RETRIES',
    'LOG-LEVEL': 'LOG_LEVEL',
    RETRY_BACKOF_MS: 'RETRY_BACKOFF_MS',
    HANDLER_TIMEOUT: 'HANDLER_TIMEOUT_MS',
  };
  for (const [name, nearest] of Object.entries(meant)) {
    t.strictSame(unknownSettings([name], settings), [{ name, nearest }], name);
  }
});

t.test('a variable with one of our first words is named, whatever was meant', async (t) => {
  t.strictSame(unknownSettings(['KAFKA_COMPRESSION_CODEC'], settings), [
    { name: 'KAFKA_COMPRESSION_CODEC', nearest: null },
  ]);
});

t.test('nothing is said of settings, and of what others put into an environment', async (t) => {
  const others = [
    ...['PATH', 'HOME', 'HOSTNAME', 'POD_NAME', 'NODE_ENV', 'PWD', 'LANG', 'SHLVL', 'COLORTERM'],
    ...['npm_config_cache', 'npm_package_name', 'INIT_CWD', 'NODE_EXTRA_CA_CERTS'],
    ...['KAFKA_HOME', 'KAFKA_HEAP_OPTS', 'KAFKA_OPTS', 'KAFKAJS_NO_PARTITIONER_WARNING'],
    ...['KAFKA_SERVICE_HOST', 'KAFKA_PORT', 'KAFKA_PORT_9092_TCP_ADDR', 'ORDERS_SERVICE_PORT_HTTP'],
  ];
  t.strictSame(unknownSettings([...others, ...settings], settings), []);
  t.strictSame(unknownSettings(Object.keys(process.env), settings), [], 'nor of what is here now');
});

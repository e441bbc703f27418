import t from 'tap';
import { loadConfig } from '../../server/config.ts';
import { hintsOf, type Launcher, launcherOf } from '../../server/service/hints.ts';

const usual = ['localhost:9092'];
const hints = (
  env: Record<string, string>,
  { brokers = usual, embedded = false, launcher = 'npm' as Launcher } = {},
) => hintsOf({ config: loadConfig(env), brokers, embedded, launcher });

t.test('a server started without settings is started by npm start', async (t) => {
  t.same(hints({}), {
    start: 'npm start',
    produce: 'npm run produce -- --rate 5',
    kafka: 'docker compose up -d kafka',
  });
});

t.test('its settings belong to the command, its secrets do not', async (t) => {
  const env = {
    PORT: '4100',
    KAFKA_BROKERS: 'kafka-1:9093,kafka-2:9093',
    ORDERS_TOPIC: 'sales',
    GROUP_ID: "it's mine",
    CHECKPOINT_TOPIC: 'mine',
    COMMAND_TOPIC: 'mine-too',
    ADMIN_TOKEN: 'secret'.repeat(8),
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_USERNAME: 'me',
    KAFKA_PASSWORD: 'secret',
  };
  const { start, produce, kafka } = hints(env, { brokers: env.KAFKA_BROKERS.split(',') });
  t.match(start, /^PORT=4100 .*KAFKA_BROKERS=kafka-1:9093,kafka-2:9093 .*ORDERS_TOPIC=sales /);
  t.match(start, / npm start$/);
  t.match(start, "GROUP_ID='it'\\''s mine'");
  t.notMatch(start, /secret|PASSWORD|TOKEN/);
  t.equal(produce, 'npm run produce -- --rate 5 --brokers kafka-1:9093,kafka-2:9093 --topic sales');
  t.equal(kafka, '', 'nobody here knows how that Kafka is started');
});

t.test('plain node and a container have commands of their own', async (t) => {
  t.equal(hints({}, { launcher: 'node' }).start, 'node dist/server/main.js');
  t.equal(hints({}, { launcher: 'node' }).produce, 'node dist/server/cli/produce.js --rate 5');
  const inside = hints({}, { launcher: 'docker', brokers: ['kafka:19092'] });
  t.equal(inside.start, '');
  t.match(inside.produce, /^docker exec -it CONTAINER node .* --brokers kafka:19092$/);
});

t.test('instead of the embedded broker another one is named', async (t) => {
  t.equal(hints({}, { embedded: true }).kafka, 'KAFKA_BROKERS=host:port npm start');
});

t.test('who started it is seen from the environment', async (t) => {
  t.equal(launcherOf({ npm_lifecycle_event: 'start' }), 'npm');
  t.equal(launcherOf({ LAUNCHER: 'docker', npm_lifecycle_event: 'start' }), 'docker');
  t.equal(launcherOf({}), 'node');
});

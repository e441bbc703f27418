import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import t from 'tap';
import { readSettings, serverProperties } from '../../server/cli/apache-kafka/settings.ts';
import { projectRoot } from '../../server/cli/project-root.ts';
import { withApacheKafka, withKafkaInstallation } from '../fixtures/apache-kafka.ts';

const run = promisify(execFile);
const compose = await readFile(new URL('docker-compose.yml', projectRoot), 'utf8');

t.test('a variable of the image is a property of the broker', async (t) => {
  const { properties, jvmOptions, clusterId } = readSettings(`
services:
  kafka:
    environment:
      CLUSTER_ID: abc
      KAFKA_HEAP_OPTS: -Xms1m -Xmx2m
      KAFKA_LOG_DIRS: /data
      KAFKA_ODD__NAME___HERE: "1"
`);
  t.strictSame(properties, { 'log.dirs': '/data', 'odd_name-here': '1' });
  t.strictSame(jvmOptions, ['-Xms1m', '-Xmx2m']);
  t.equal(clusterId, 'abc');
});

t.test(
  'listeners and folders are those of this machine, and a caller has the last word',
  async (t) => {
    const text = serverProperties(readSettings(compose), {
      port: 1111,
      controllerPort: 2222,
      directory: '/tmp/here',
      properties: { 'auto.create.topics.enable': 'true' },
    });
    const lines = text.split('\n');
    for (const line of [
      'listeners=PLAINTEXT://localhost:1111,CONTROLLER://localhost:2222',
      'advertised.listeners=PLAINTEXT://localhost:1111',
      'controller.quorum.voters=1@localhost:2222',
      'log.dirs=/tmp/here',
      'auto.create.topics.enable=true',
      'process.roles=broker,controller',
    ]) {
      t.ok(lines.includes(line), line);
    }
    t.notMatch(text, /19092|heap/, 'nothing of the container is left');
  },
);

t.test('every setting in docker-compose.yml is one that Kafka knows', async (t) => {
  const installation = await withKafkaInstallation(t);
  if (installation === undefined) return;
  // The broker's own reference page, as HTML.
  const { stdout } = await run('java', ['-cp', installation.classpath, 'kafka.server.KafkaConfig']);
  for (const name of Object.keys(readSettings(compose).properties)) {
    t.match(stdout, new RegExp(`<h4><a id="${name}"`), name);
  }
});

t.test('what was written is there after a crash and a restart', async (t) => {
  const broker = await withApacheKafka(t);
  if (broker === undefined) return;
  const client = new Kafka({ brokers: [broker.brokers], logLevel: logLevel.NOTHING });
  const admin = client.admin();
  t.teardown(() => admin.disconnect());

  await admin.connect();
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic: 'kept' }] });
  await broker.kill();
  await broker.restart();
  t.match(await admin.listTopics(), ['kept']);
});

// The container files, as far as they can be judged without Docker.
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { parse } from 'yaml';
import { projectRoot } from '../server/cli/project-root.ts';

const read = (path: string) => readFile(new URL(path, projectRoot), 'utf8');
const { services, volumes } = parse(await read('docker-compose.yml'));
const dockerfile = await read('Dockerfile');

t.test('Kafka listens on this machine alone and keeps its data', async (t) => {
  const { image, ports, environment, volumes: mounts, healthcheck } = services.kafka;
  const version = /<kafka.version>(.+)</.exec(await read('server/cli/apache-kafka/pom.xml'))?.[1];
  t.equal(image, `apache/kafka:${version}`, 'the version that npm run kafka starts');
  t.strictSame(ports, ['127.0.0.1:9092:9092']);
  t.strictSame(mounts, [`kafka-data:${environment.KAFKA_LOG_DIRS}`]);
  t.ok('kafka-data' in volumes);
  t.equal(Buffer.from(environment.CLUSTER_ID, 'base64url').length, 16);
  t.equal(healthcheck.test[0], 'CMD');
  t.notOk('profiles' in services.kafka, 'it needs no profile');
});

t.test('the two Kafka listeners are advertised as their clients can reach them', async (t) => {
  const { KAFKA_ADVERTISED_LISTENERS: advertised } = services.kafka.environment;
  t.equal(advertised, 'PLAINTEXT://localhost:9092,INTERNAL://kafka:19092');
  t.equal(services.app.environment.KAFKA_BROKERS, 'kafka:19092');
});

t.test('the service runs without rights it does not need', async (t) => {
  t.match(services.app, {
    profiles: ['app'],
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    ports: ['127.0.0.1:4000:4000'],
    environment: { HOST: '0.0.0.0', ALLOWED_HOSTS: /./ },
    depends_on: { kafka: { condition: 'service_healthy' } },
  });
  const last = dockerfile.slice(dockerfile.lastIndexOf('FROM'));
  t.match(last, /^USER node$/m);
  t.match(last, /^CMD \["node", "dist\/server\/main.js"\]$/m, 'node gets the signals itself');
  t.match(last, /^HEALTHCHECK [\s\S]*\/health\/ready/m);
});

t.test('the image is built from a pinned base, the lock file and no install scripts', async (t) => {
  t.match(dockerfile, /^ARG NODE=node:\d+\.\d+\.\d+-slim$/m);
  const installs = dockerfile.match(/npm (ci|install).*/g) ?? [];
  t.equal(installs.length, 2);
  t.ok(installs.every((line) => /^npm ci .*--ignore-scripts/.test(line)));
});

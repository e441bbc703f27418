// The container files, as far as they can be judged without Docker.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { projectRoot } from '../server/cli/project-root.ts';
import { loadConfig } from '../server/config.ts';
import { withDevBroker } from './fixtures/dev-broker.ts';
import { freePort } from './fixtures/free-port.ts';
import { withService } from './fixtures/service.ts';

const read = (path: string) => readFile(new URL(path, projectRoot), 'utf8');
const { services, volumes } = parse(await read('docker-compose.yml'), { merge: true });
const dockerfile = await read('Dockerfile');
const runtime = dockerfile.slice(dockerfile.lastIndexOf('FROM'));

/** The words of the last CMD that stands alone, or behind HEALTHCHECK. */
function instruction(name: 'CMD' | 'HEALTHCHECK'): string[] {
  const pattern = { CMD: /^CMD (\[.*\])$/m, HEALTHCHECK: /^HEALTHCHECK [^[]*CMD (\[.*\])$/m }[name];
  return JSON.parse(pattern.exec(runtime)?.[1] ?? '[]');
}

t.test('the Dockerfile is what its language allows', async (t) => {
  const faults = (text: string) => validate(text).map(({ message }) => message);
  t.strictSame(faults(dockerfile), []);
  t.strictSame(faults(dockerfile.replace('--interval=', '--every=')), ['Unknown flag: every']);
});

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
    depends_on: { kafka: { condition: 'service_healthy' } },
  });
  t.match(runtime, /^USER 1000:1000$/m, 'a number: a name cannot be judged from outside');
  t.match(instruction('CMD'), ['node', 'dist/server/main.js'], 'node gets the signals itself');
});

t.test('three instances are the one without a port, behind a proxy that has it', async (t) => {
  const { app, instances, proxy } = services;
  const { profiles, ports, deploy, environment, ...same } = instances;
  t.match(app, same, 'the rest is as with one');
  t.match({ profiles, ports, deploy }, { profiles: ['three'], ports: [], deploy: { replicas: 3 } });
  t.match(environment, app.environment);
  t.doesNotThrow(() => loadConfig({ ...environment, ADMIN_TOKEN: '', SCHEMA_REGISTRY_URL: '' }));
  t.match(proxy, {
    profiles: ['three'],
    ports: app.ports.map((port: string) => port.replace(/:4000$/, ':8080')),
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    depends_on: { instances: { condition: 'service_healthy' } },
  });
  const [mount] = proxy.volumes;
  const configuration = await read(mount.split(':')[0]);
  t.match(configuration, /listen 8080;/);
  t.match(configuration, /server instances:4000 /, 'by the name that Docker resolves to all');
});

t.test('the image is built from a pinned base, the lock file and no install scripts', async (t) => {
  t.match(dockerfile, /^ARG NODE=node:\d+\.\d+\.\d+-slim$/m);
  const installs = dockerfile.match(/npm (ci|install).*/g) ?? [];
  t.equal(installs.length, 2);
  t.ok(installs.every((line) => /^npm ci .*--ignore-scripts/.test(line)));
});

/** What the image holds, in a folder that nobody can write to. */
function createImage(t: Test): string {
  const image = mkdtempSync(join(tmpdir(), 'image-'));
  t.teardown(() => {
    execFileSync('chmod', ['-R', 'u+w', image]);
    rmSync(image, { recursive: true });
  });
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const installed = Object.keys(packages).filter((path) => path !== '' && !packages[path].dev);
  // The rest of dist/ comes from folders that the build in the container does not get.
  for (const path of [...installed, 'dist/server', 'dist/page', 'package.json', 'avro']) {
    if (existsSync(path)) cpSync(path, join(image, path), { recursive: true });
  }
  execFileSync('chmod', ['-R', 'a-w,a+rX', image]);
  return image;
}

/** Another user, where this one may become it and it can run Node. */
function otherUser(): { uid?: number; gid?: number } {
  const [uid, gid] = /^USER (\d+):(\d+)$/m.exec(runtime)!.slice(1).map(Number) as [number, number];
  const { status } = spawnSync(process.execPath, ['-e', '0'], { uid, gid });
  return status === 0 ? { uid, gid } : {};
}

t.test(
  'as in the image it serves the page, its health check passes, and it ends well',
  async (t) => {
    const image = createImage(t);
    const as = { ...otherUser(), cwd: image };
    const environment = Object.fromEntries(
      /^ENV (.*)$/m
        .exec(runtime)![1]!
        .split(' ')
        .map((word) => word.split('=') as [string, string]),
    );
    const { address } = await withDevBroker(t);
    const port = `${await freePort()}`;
    const notes = mkdtempSync(join(tmpdir(), 'tap-notes-'));
    chmodSync(notes, 0o777);
    t.teardown(() => rmSync(notes, { recursive: true }));
    // Where tap, which looks into every process, has it write what it saw; it must not fail because of that.
    const tap = { _TAPJS_PROCESSINFO_CWD_: notes };
    const env = { ...environment, ...tap, KAFKA_BROKERS: address, PORT: port };
    const [, main = ''] = instruction('CMD');
    const service = await withService(t, env, main, as);
    t.equal(service.url, `http://localhost:${port}`);
    for (const host of ['localhost', '127.0.0.1']) {
      const page = await fetch(`http://${host}:${port}/`);
      t.equal(page.status, 200, host);
      t.match(await page.text(), /<title>/);
    }

    const check = () => {
      const [, ...args] = instruction('HEALTHCHECK');
      // Not spawnSync: the broker that the service waits for is in this process.
      return new Promise<number | null>((done) => {
        spawn(process.execPath, args, { env, ...as }).on('close', done);
      });
    };
    t.equal(await check(), 0);
    t.strictSame(await service.stop(), { code: 0, signal: null });
    t.equal(await check(), 1);
  },
);

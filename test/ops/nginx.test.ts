// Three instances behind nginx, as ops/nginx has it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Delta, Snapshot } from '../../server/http/contract.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { freePort } from '../fixtures/free-port.ts';
import { skipOrFail, type TestScope } from '../fixtures/requirements.ts';
import { readEvents } from '../fixtures/server-sent-events.ts';
import { type Service, withService } from '../fixtures/service.ts';
import { until } from '../fixtures/until.ts';

const PATH = `${process.env.PATH}:/usr/sbin`;
const configuration = readFileSync('ops/nginx/order-stream.conf', 'utf8');

t.test('three instances behind nginx answer as one, and streams are not held back', async (t) => {
  if (spawnSync('nginx', ['-v'], { env: { PATH } }).error !== undefined) {
    skipOrFail(t, 'nginx is not installed', 'apt-get install nginx-light');
    return;
  }
  const { address } = await withDevBroker(t);
  const env = { KAFKA_BROKERS: address, TRUST_PROXY: '127.0.0.1', STREAMS_PER_ADDRESS: '4' };
  const [first, ...others] = await Promise.all([1, 2, 3].map(() => withService(t, env)));
  const services = [first!, ...others];
  for (const service of services) await ready(service);
  const proxy = await withNginx(t, services);

  const ask = async (path: string, init?: RequestInit) => {
    const headers = { ...init?.headers, connection: 'close' };
    return fetch(proxy + path, { ...init, headers });
  };
  const epochOf = async () => ((await (await ask('/api/snapshot')).json()) as Snapshot).epoch;
  const epochs = new Set<number>();
  for (let i = 0; i < 30; i += 1) epochs.add(await epochOf());
  t.equal(epochs.size, 3, 'each of them is asked');

  // Held back, events would come when some kilobytes are full, and not one by one.
  const streams = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const reader = await readEvents(`${proxy}/stream`);
      t.teardown(() => reader.close());
      return reader;
    }),
  );
  const owners = new Map<number, number>();
  for (const stream of streams) {
    t.match(stream.response.headers.get('content-type'), /^text\/event-stream/);
    const { epoch, seq } = JSON.parse((await stream.next()).data) as Snapshot;
    owners.set(epoch, (owners.get(epoch) ?? 0) + 1);
    const delta = JSON.parse((await stream.next()).data) as Delta;
    t.match(delta, { epoch, base: seq });
    const stamp = JSON.parse((await stream.next()).data) as Delta;
    t.ok(stamp.seq > delta.seq);
  }
  t.same([...owners.values()], [2, 2, 2], 'streams go where the fewest are');

  const command = await ask('/pause', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ why: 'a test' }),
  });
  t.equal(command.status, 403, 'who comes through a proxy is no program of this machine');

  await first!.kill();
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/metrics')));
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]), 'without one of them too');
  const bodies = await Promise.all(answers.map((answer) => answer.text()));
  t.equal(new Set(bodies.map((body) => JSON.parse(body).totalCount)).size, 1);
});

const ready = (service: Service) =>
  until(
    'it is ready',
    () => service.get('/health/ready'),
    ({ status }) => status === 200,
  );

/** The address of an nginx with the configuration of ops/, but for who listens where. */
async function withNginx(t: TestScope, services: readonly Service[]): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'nginx-'));
  const listen = `127.0.0.1:${await freePort()}`;
  const instances = services
    .map(({ url }) => `server 127.0.0.1:${new URL(url).port} max_fails=1 fail_timeout=2s;`)
    .join('\n');
  const http = configuration
    .replace(/server instances:4000 [^;]*;/, instances)
    .replace('listen 8080;', `listen ${listen};`);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    join(directory, 'nginx.conf'),
    [
      'daemon off; error_log stderr; pid nginx.pid; worker_processes 1;',
      'events { worker_connections 256; }',
      'http { access_log off;',
      ...paths.map((name) => `${name}_temp_path ${directory}/${name};`),
      http,
      '}',
    ].join('\n'),
  );
  const args = ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'];
  const child = spawn('nginx', args, { env: { PATH }, stdio: 'ignore' });
  const exited = once(child, 'close');
  t.teardown(async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(directory, { recursive: true });
  });
  const url = `http://${listen}`;
  await until(
    'nginx answers',
    () => fetch(`${url}/health/live`).catch(() => null),
    (answer) => answer?.status === 200,
  );
  return url;
}

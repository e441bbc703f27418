// What a supervisor does with the process: it asks whether it lives, and tells it to end.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { askLive } from '../../server/cli/live.ts';
import { projectRoot } from '../../server/cli/project-root.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { freePort } from '../fixtures/free-port.ts';
import { withService } from '../fixtures/service.ts';
import { until } from '../fixtures/until.ts';

const main = fileURLToPath(new URL('dist/server/main.js', projectRoot));

t.test(
  'a process that makes no progress does not live, and lives again when it does',
  async (t) => {
    const { address } = await withDevBroker(t);
    const { url, pid } = await withService(t, { KAFKA_BROKERS: address });
    const port = Number(new URL(url).port);
    const live = () => askLive({ host: '127.0.0.1', port, timeoutMs: 500 });
    t.equal(await live(), null);
    process.kill(pid, 'SIGSTOP');
    t.equal(await live(), 'no answer in 0.5 s');
    process.kill(pid, 'SIGCONT');
    await until('it lives again', live, (wrong) => wrong === null);
  },
);

t.test('connections that break, and a broker that is gone, are no reason to end it', async (t) => {
  const sockets = new Set<Socket>();
  const silent = createServer((client) => void sockets.add(client)).listen(0, '127.0.0.1');
  t.teardown(() => silent.close());
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const { get } = await withService(t, { KAFKA_BROKERS: `127.0.0.1:${port}` });
  await until(
    'it has connected',
    async () => sockets.size,
    (count) => count > 0,
  );
  t.equal((await get('/health/live')).status, 200, 'while the broker says nothing');
  for (const socket of sockets) socket.destroy();
  t.equal((await get('/health/live')).status, 200, 'when it closes all connections');
});

t.test('as the first process of a container it ends when it is told to', async (t) => {
  const wrap = ['--fork', '--pid', '--kill-child'];
  if (spawnSync('unshare', [...wrap, 'true']).status !== 0) {
    return t.comment('this user may make no namespaces');
  }
  const port = await freePort();
  const env = { PATH: process.env.PATH, PORT: `${port}`, KAFKA_BROKERS: '127.0.0.1:9' };
  const outer = spawn('unshare', [...wrap, process.execPath, main], { env, stdio: 'ignore' });
  const exited = once(outer, 'exit');
  t.teardown(() => outer.kill('SIGKILL'));
  await until(
    'it lives',
    () => askLive({ host: '127.0.0.1', port }),
    (wrong) => wrong === null,
  );
  const inner = Number(readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8'));
  t.match(readFileSync(`/proc/${inner}/status`, 'utf8'), /^NSpid:\t\d+\t1$/m, 'as process 1');
  process.kill(inner, 'SIGTERM');
  t.strictSame(await exited, [0, null]);
});

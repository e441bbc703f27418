// The embedded broker as a cluster of one node, behind the same misbehaving network.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../fixtures/free-port.ts';
import type { TestScope } from '../fixtures/requirements.ts';
import type { TestCluster } from './clusters.ts';
import { startProduceProxy } from './produce-proxy.ts';

const entry = fileURLToPath(new URL('../../server/cli/broker.js', import.meta.url));

/** Starts it as `npm run broker` does, with a folder of its own; the end of `scope` ends it. */
export async function startEmbedded(scope: TestScope): Promise<TestCluster> {
  const [port] = (await freePorts(1)) as [number];
  const directory = await mkdtemp(join(tmpdir(), 'chaos-embedded-'));
  const proxy = await startProduceProxy(port, { renamed: true });
  const args = [entry, '--port', `${port}`, '--data', directory];
  let broker = await start();

  async function start() {
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    const child = spawn(process.execPath, args, { stdio: [...stdio] });
    const ended = once(child, 'exit');
    const killAtExit = () => child.kill('SIGKILL');
    process.once('exit', killAtExit);
    await once(child.stdout!, 'data');
    child.stdout!.resume();
    const end = async (how: 'SIGTERM' | 'SIGKILL') => {
      process.removeListener('exit', killAtExit);
      child.kill(how);
      await ended;
    };
    return { pid: child.pid!, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
  }

  scope.teardown(async () => {
    proxy.close();
    await broker.kill();
    await rm(directory, { recursive: true, force: true });
  });
  return {
    brokers: `localhost:${port}`,
    serviceBrokers: `localhost:${proxy.port}`,
    proxy,
    nodes: [
      {
        id: 1,
        stop: () => broker.stop(),
        kill: () => broker.kill(),
        freeze: () => void process.kill(broker.pid, 'SIGSTOP'),
        thaw: () => void process.kill(broker.pid, 'SIGCONT'),
        async restart() {
          await broker.kill();
          broker = await start();
        },
      },
    ],
  };
}

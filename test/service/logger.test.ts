import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { projectRoot } from '../../server/cli/project-root.ts';
import { freePort } from '../fixtures/free-port.ts';
import { until } from '../fixtures/until.ts';

const main = fileURLToPath(new URL('dist/server/main.js', projectRoot));

t.test('a log on a full disk costs its lines, and not the service', async (t) => {
  // A device on which every write fails as on a full disk.
  if (!existsSync('/dev/full')) return t.comment('this system has no /dev/full');
  const port = await freePort();
  const env = { PATH: process.env.PATH, PORT: `${port}`, KAFKA_BROKERS: '127.0.0.1:9' };
  const stdio = ['ignore', openSync('/dev/full', 'w'), 'inherit'] as const;
  const child = spawn(process.execPath, [main], { env, stdio: [...stdio] });
  const exited = once(child, 'exit');
  t.teardown(() => child.kill('SIGKILL'));
  const look = async () =>
    fetch(`http://127.0.0.1:${port}/health/ready`).then(
      async (answer) => `${answer.status} ${await answer.text()}`,
      () => 'no answer',
    );
  await until('it says what is wrong', look, (text) => /^503.*Kafka is unreachable/.test(text));
  child.kill('SIGTERM');
  t.strictSame(await exited, [0, null]);
});

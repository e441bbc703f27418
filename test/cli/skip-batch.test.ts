import { execFile } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { projectRoot } from '../../server/cli/project-root.ts';
import { parseSkipOptions } from '../../server/cli/skip-options.ts';
import type { Health, Metrics } from '../../server/http/contract.ts';
import { createAppender } from '../../server/kafka/appender.ts';
import { createKafka } from '../../server/kafka/client.ts';
import { createCluster } from '../../server/kafka/cluster.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { type Service, withService } from '../fixtures/service.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { orderRecord } from '../fixtures/task.ts';
import { until } from '../fixtures/until.ts';

t.test('the command line is read as a whole', async (t) => {
  t.equal(parseSkipOptions(['--help']), 'help');
  t.same(parseSkipOptions(['--partition', '1', '--offset', '20']), {
    partition: 1,
    offset: 20,
    to: null,
    reason: null,
  });
  const all = ['--partition=1', '--offset=20', '--to=25', '--yes', '--reason', ' disk '];
  t.same(parseSkipOptions(all), { partition: 1, offset: 20, to: 25, reason: 'disk' });
  t.same(parseSkipOptions([...all.slice(0, 3), '--reason=x']), {
    partition: 1,
    offset: 20,
    to: 25,
    reason: null,
  });
  const wrong = () => parseSkipOptions(['--offset=1e3', '--yes']);
  t.throws(
    wrong,
    /--partition is missing\n.*--offset is a whole number.*\n.*--yes needs a --reason/,
  );
  t.throws(() => parseSkipOptions(['--force']), { name: 'ConfigError', message: /--force/ });
});

const command = fileURLToPath(new URL('dist/server/cli/skip-batch.js', projectRoot));

const orders = { topic: 'orders', partition: 0 };

/** Changes one byte of the record with this order id, in the log of the embedded broker. */
function damage(directory: string, orderId: string): void {
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.log')) continue;
    const at = readFileSync(join(directory, name)).indexOf(orderId);
    if (at < 0) continue;
    const file = openSync(join(directory, name), 'r+');
    writeSync(file, Buffer.of(0), 0, 1, at);
    closeSync(file);
  }
}

t.test('a stopped partition of a running service is led past the damaged batch', async (t) => {
  const directory = t.testdir();
  const broker = await withDevBroker(t, directory);
  const KAFKA_BROKERS = `127.0.0.1:${broker.port}`;
  const env = { KAFKA_BROKERS, PARTITIONS: '1', FAILURE_RATE: '0', GROUP_ID: 'skip' };
  const first = await withService(t, env);
  const counted = (service: Service, count: number) =>
    until(
      `${count} orders are counted`,
      () => service.json<Metrics>('/metrics'),
      ({ totalCount }) => totalCount === count,
    );
  const kafka = createKafka({
    brokers: [KAFKA_BROKERS],
    clientId: 'test',
    logger: silentLogger,
  });
  const writer = createAppender({ cluster: createCluster(kafka) });
  t.teardown(() => writer.close());
  await until(
    'the topic is there',
    () => writer.append(orders, [orderRecord('good-0')]).catch(() => null),
    (offset) => offset !== null,
  );
  await counted(first, 1);
  await first.stop();
  await writer.append(orders, [orderRecord('damaged-1'), orderRecord('damaged-2')]);
  await writer.append(orders, [orderRecord('good-3')]);
  damage(directory, 'damaged-2');

  const service = await withService(t, env);
  await until(
    'the partition has stopped',
    () => service.json<Health>('/health/ready'),
    ({ reasons }) => reasons.some((reason) => /damaged record batch at offset 1/.test(reason)),
  );
  const skip = (...more: string[]) =>
    promisify(execFile)(process.execPath, [command, '--partition=0', '--offset=1', ...more], {
      env: { PATH: process.env.PATH, ...env },
    });
  const { stdout: shown } = await skip();
  t.match(shown, /orders\[0\] has stopped: damaged record batch at offset 1: CRC/);
  t.match(shown, /loses the offsets 1 to 2, 2 in all/);
  t.match(shown, /Nothing was changed/);
  t.match(await service.json<Metrics>('/metrics'), { totalCount: 1, balance: { lost: 0 } });

  const { stdout: done } = await skip('--yes', '--reason', 'a bad disk');
  const audit = JSON.parse(done.trim().split('\n').at(-1)!);
  t.match(audit, { reason: 'a bad disk', lost: { from: 1, to: 3 }, topic: 'orders', partition: 0 });
  t.match(await counted(service, 2), { balance: { read: 4, counted: 2, lost: 2, pending: 0 } });
  await until(
    'the service is ready',
    () => service.get('/health/ready'),
    ({ status }) => status === 200,
  );
  await t.rejects(skip('--yes', '--reason', 'once more'), /ends at 4: nothing is left to skip/);
});

// The service as a process: what it says and how it ends when it cannot work.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Test } from 'tap';
import type { Health, Snapshot } from '../../server/http/contract.ts';
import { freePort } from '../fixtures/free-port.ts';
import { withService } from '../fixtures/service.ts';
import { until } from '../fixtures/until.ts';
import { createPage } from './page.ts';
import { type Broker, createWorld } from './world.ts';

/** Starts that fail, and answers to those who ask. */
export function processes(t: Test, broker: Broker): void {
  t.test('a port that is taken is told in one line', { buffered: true }, async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    t.teardown(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { env } = createWorld(t, broker);
    const { code, said } = await failedStart(t, { ...env, PORT: `${port}` });
    t.equal(code, 1);
    t.equal(said.length, 1);
    t.match(said[0], new RegExp(`^port ${port} is taken: .*PORT`));
  });

  t.test('all wrong settings are told at once', { buffered: true }, async (t) => {
    const wrong = { PORT: 'x', FAILURE_RATE: '2', KAFKA_BROKERS: 'nonsense', MAX_RETRIES: '-1' };
    const { code, said } = await failedStart(t, wrong);
    t.equal(code, 1);
    t.equal(said.length, 5, 'a title and a line for each');
    for (const name of Object.keys(wrong))
      t.ok(
        said.some((line) => line.includes(name)),
        name,
      );
  });

  t.test(
    'without Kafka it is up, says what it waits for, and can be ended',
    { buffered: true },
    async (t) => {
      const brokers = `localhost:${await freePort()}`;
      const { env } = createWorld(t, { ...broker, brokers });
      const service = await withService(t, env);
      const page = createPage(await service.events('/stream'));

      t.equal((await service.get('/health/live')).status, 200);
      const { status } = await service.get('/health/ready');
      t.equal(status, 503);
      const unreachable = `Kafka is unreachable at ${brokers} (`;
      const health = await until(
        'it says why',
        () => service.json<Health>('/health/ready'),
        ({ reasons }) => reasons.some((reason) => reason.startsWith(unreachable)),
      );
      t.equal(health.status, 'starting');
      await page.find(({ status }) => !status.kafka.up && status.reasons.length > 0);
      for (const path of ['/metrics', '/dlq', '/api/products']) {
        const response = await service.get(path);
        t.equal(response.status, 503, `${path} does not say 0 of what it does not know`);
        t.match(await response.json(), { error: 'NOT_KNOWN', message: unreachable });
      }
      t.strictSame(await service.stop(), { code: 0, signal: null });
    },
  );

  t.test('a page of another origin reads what was published', { buffered: true }, async (t) => {
    const world = createWorld(t, broker, { FAILURE_RATE: '0.5' });
    const service = await world.start();
    await world.send({ count: 40, seed: 14, bad: 0.3 });
    const from = { headers: { origin: 'http://localhost:5173' } };
    const shown = await until(
      'both kinds are there',
      () => service.json<Snapshot>('/api/snapshot'),
      ({ metrics }) =>
        metrics !== null && metrics.balance.counted > 0 && metrics.balance.deadLettered > 0,
    );
    t.ok(shown.deadLetters.length > 0);
    for (const path of ['/metrics', '/dlq', '/stream']) {
      const abort = new AbortController();
      const response = await service.get(path, { ...from, signal: abort.signal });
      t.equal(response.headers.get('access-control-allow-origin'), 'http://localhost:5173', path);
      abort.abort();
    }
    const stranger = await service.get('/metrics', {
      headers: { origin: 'http://localhost:5174' },
    });
    t.equal(stranger.headers.get('access-control-allow-origin'), null);

    const metrics = await service.json<Record<string, unknown>>('/metrics');
    t.strictSame(Object.keys(metrics).slice(0, 3), [
      'totalCount',
      'overallAveragePrice',
      'perProduct',
    ]);
    const letters = await service.json<Record<string, unknown>[]>('/dlq');
    for (const letter of letters) {
      t.match(letter, { reason: /^[A-Z_]+: ./, timestamp: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ });
      t.ok(letter.orderId === null || typeof letter.orderId === 'string');
    }
  });
}

/** Exit code and lines of a service that ends before it listens. */
async function failedStart(t: Test, env: Record<string, string>) {
  const { message } = await withService(t, env).then(
    () => new Error('it has started'),
    (error: Error) => error,
  );
  const [ended = '', ...said] = message.split('\n');
  return { code: Number(/\((\d+)\)/.exec(ended)?.[1]), said };
}

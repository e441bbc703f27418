// Commands carried out by whole services on the embedded broker: what is asked for on one instance, and
// what the topics hold in the end.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { loadConfig } from '../../server/config.ts';
import { PermanentError } from '../../server/errors.ts';
import type { RedriveReport, RedriveRequest } from '../../server/http/commands.ts';
import type { OrderHandler } from '../../server/orders/order-handler.ts';
import { createService, type Service } from '../../server/service/service.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { createKafkajsClient } from '../fixtures/kafkajs-client.ts';
import { withService } from '../fixtures/service.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import { until } from '../fixtures/until.ts';

const ada = { by: 'ada', from: '127.0.0.1' };

const all: RedriveRequest = {
  selection: { filter: {} },
  rate: null,
  notBefore: 0,
  canary: null,
  maxRedrives: 3,
  value: null,
  why: 'mended',
};

/** Starts a service in this process, which stops at the end of the test at the latest. */
function startOne(
  t: Test,
  brokers: string,
  handle: OrderHandler,
  env: Record<string, string> = {},
  embedded = false,
) {
  const service = createService({
    config: loadConfig({ BREAKER_RATIO: '0', MAX_RETRIES: '0', ...env }),
    brokers: [brokers],
    embedded,
    logger: silentLogger,
    onCrash: (error) => t.fail(error.message),
    wrap: (ground) => ({ ...ground, handle }),
  });
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= service.stop());
  t.teardown(stop);
  void service.start();
  return { service, stop };
}

const read = async ({ overview }: Service) => {
  await overview.settle();
  return overview.figures()?.balance ?? null;
};

const balanced = (service: Service, wanted: { counted: number; deadLettered: number }) =>
  until(
    `the balance is ${JSON.stringify(wanted)}`,
    () => read(service),
    (seen) =>
      seen?.counted === wanted.counted &&
      seen.deadLettered === wanted.deadLettered &&
      seen.pending === 0,
  );

const ended = (service: Service, id: string) =>
  until(
    'the redrive has ended',
    async () => service.commands.book.redrive(id),
    (report) => report !== null && ['done', 'stopped', 'cancelled'].includes(report.state),
  ) as Promise<RedriveReport>;

async function produce(address: string, count: number, partitions: number): Promise<void> {
  const client = createKafkajsClient(address);
  for (let partition = 0; partition < partitions; partition += 1) {
    const records = Array.from({ length: count / partitions }, (_, i) => {
      const orderId = `${partition}-${i}`;
      return {
        key: Buffer.from(orderId),
        value: encodeSomeOrder({ orderId, product: 'Lamp', price: 1 }),
      };
    });
    await client.produce('orders', records, { partition });
  }
}

/** How often each dead letter was sent back. */
async function sentBack(address: string): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const [place, headers] of await createKafkajsClient(address).readHeaders('orders')) {
    const letter = headers.find(([name]) => name === 'orders.redrive.dead-letter')?.[1];
    if (letter === undefined) continue;
    const key = `${place.split('-')[0]}-${letter}`;
    times.set(key, (times.get(key) ?? 0) + 1);
  }
  return times;
}

t.test('a flood trips the breaker, and after the mending everything is counted', async (t) => {
  const { address } = await withDevBroker(t);
  let broken = true;
  let calls = 0;
  const handle: OrderHandler = () => {
    calls += 1;
    if (broken && calls % 10 > 0) throw new PermanentError('no such account');
  };
  const env = { PARTITIONS: '1', BREAKER_RATIO: '0.5', BREAKER_MIN: '50' };
  const first = startOne(t, address, handle, env);
  await until(
    'it is ready',
    async () => first.service.overview.status().phase,
    (p) => p === 'ready',
  );
  await produce(address, 2000, 1);
  const isPaused = async ({ service }: typeof first) => service.commands.book.paused();
  await until(
    'it is paused',
    () => isPaused(first),
    ({ length }) => length === 1,
  );
  t.match(await isPaused(first), [{ breaker: true, why: /orders failed for good within/ }]);
  const status = await until(
    'it says so',
    async () => first.service.overview.status(),
    ({ phase }) => phase !== 'ready',
  );
  t.match(JSON.stringify(status), /partition 0 is paused by order-stream: /);
  await first.stop();

  const second = startOne(t, address, handle, env);
  await until(
    'the pause is known',
    () => isPaused(second),
    ({ length }) => length === 1,
  );
  await until(
    'it says so',
    async () => JSON.stringify(second.service.overview.status()),
    (text) => text.includes('is paused by'),
  );
  const letters = (await createKafkajsClient(address).read('orders-dlq')).length;
  t.ok(letters < 50, `${letters} dead letters`);
  broken = false;
  t.same(
    await second.service.commands.desk.setPaused(false, { partitions: null, why: 'mended' }, ada),
    [0],
  );
  await balanced(second.service, { counted: 2000 - letters, deadLettered: letters });
  const { id, selected } = await second.service.commands.desk.redrive(all, ada);
  t.equal(selected, letters);
  t.match(await ended(second.service, id), { state: 'done', sent: letters, processed: letters });
  await balanced(second.service, { counted: 2000, deadLettered: letters });
  await t.rejects(second.service.commands.desk.redrive(all, ada), { code: 'NOTHING_SELECTED' });
});

t.test('two instances that are asked for the same at once send each letter once', async (t) => {
  const { address } = await withDevBroker(t);
  let broken = true;
  const handle: OrderHandler = ({ orderId }) => {
    if (broken || orderId.endsWith('7')) throw new PermanentError('no such account');
  };
  const one = startOne(t, address, handle).service;
  const two = startOne(t, address, handle).service;
  for (const { overview } of [one, two]) {
    await until(
      'it is ready',
      async () => overview.status().phase,
      (phase) => phase === 'ready',
    );
  }
  await produce(address, 3000, 3);
  for (const each of [one, two]) await balanced(each, { counted: 0, deadLettered: 3000 });
  broken = false;
  const preview = await two.commands.desk.preview(all);
  t.match(preview, { selected: 3000, alreadyRedriven: 0, parked: 0, leftOut: 0 });
  const asked = await Promise.all(
    [one, two].map(({ commands }) => commands.desk.redrive(all, ada)),
  );
  for (const each of [one, two]) {
    for (const { id } of asked) await ended(each, id);
    await balanced(each, { counted: 2700, deadLettered: 3300 });
  }
  const times = [...(await sentBack(address)).values()];
  t.equal(times.length, 3000);
  t.ok(times.every((sent) => sent === 1));
  const reports = ({ commands }: Service) => asked.map(({ id }) => commands.book.redrive(id)!);
  t.same(reports(one), reports(two));
  const sum = (name: 'sent' | 'processed' | 'failedAgain') =>
    reports(one).reduce((total, report) => total + report[name], 0);
  t.same([sum('sent'), sum('processed'), sum('failedAgain')], [3000, 2700, 300]);
});

t.test('a cancel in the middle stops what is left, and says what was sent', async (t) => {
  const { address } = await withDevBroker(t);
  let broken = true;
  const handle: OrderHandler = () => {
    if (broken) throw new PermanentError('no such account');
  };
  const { service } = startOne(t, address, handle);
  const { desk, book } = service.commands;
  await until(
    'it is ready',
    async () => service.overview.status().phase,
    (p) => p === 'ready',
  );
  await produce(address, 600, 3);
  await balanced(service, { counted: 0, deadLettered: 600 });
  broken = false;
  const { id } = await desk.redrive({ ...all, rate: 60 }, ada);
  await until(
    'some are sent',
    async () => book.redrive(id)?.sent ?? 0,
    (sent) => sent > 10,
  );
  t.match(await desk.cancel(id, 'wrong ones', ada), { state: 'cancelled', reason: 'wrong ones' });
  await t.rejects(desk.cancel(id, 'again', ada), { code: 'ALREADY_ENDED' });
  await t.rejects(desk.cancel('x', '', ada), { code: 'UNKNOWN_COMMAND' });
  const sent = (await sentBack(address)).size;
  await balanced(service, { counted: sent, deadLettered: 600 });
  t.ok(sent < 300, `${sent} sent`);
  t.match(book.redrive(id), { sent, processed: sent, failedAgain: 0, selected: 600 });
  const later = await desk.redrive(all, ada);
  t.match(later, { selected: 600 - sent, alreadyRedriven: sent });
  await ended(service, later.id);
  await balanced(service, { counted: 600, deadLettered: 600 });
  t.equal((await sentBack(address)).size, 600);
});

t.test('a canary that fails again stops in all partitions', async (t) => {
  const { address } = await withDevBroker(t);
  const handle: OrderHandler = () => {
    throw new PermanentError('no such account');
  };
  const { service } = startOne(t, address, handle);
  const { desk } = service.commands;
  await until(
    'it is ready',
    async () => service.overview.status().phase,
    (p) => p === 'ready',
  );
  await produce(address, 300, 3);
  await balanced(service, { counted: 0, deadLettered: 300 });
  const canary = { count: 30, maxFailed: 0.1 };
  const { id } = await desk.redrive({ ...all, canary }, ada);
  const report = await ended(service, id);
  t.match(report, { state: 'stopped', reason: /^\d+ of 10 failed again, more than 10 %$/ });
  t.ok((await sentBack(address)).size <= 30);
});

t.test(
  'kill -9 of the executor in the middle of a redrive loses and doubles nothing',
  async (t) => {
    const { address } = await withDevBroker(t);
    let broken = true;
    const other = createServer((request, response) => {
      request.resume().once('end', () => response.writeHead(broken ? 422 : 200).end());
    }).listen(0, '127.0.0.1');
    t.teardown(() => {
      other.closeAllConnections();
      other.close();
    });
    await once(other, 'listening');
    const env = {
      KAFKA_BROKERS: address,
      BREAKER_RATIO: '0',
      HANDLER_URL: `http://127.0.0.1:${(other.address() as AddressInfo).port}/`,
    };
    const first = await withService(t, env);
    type Answer = { balance: { counted: number; deadLettered: number; pending: number } };
    const settled = (service: typeof first, counted: number, deadLettered: number) =>
      until(
        `${counted} counted`,
        async () => (await service.json<Answer>('/metrics')).balance,
        (seen) =>
          seen?.counted === counted && seen.deadLettered === deadLettered && seen.pending === 0,
      );
    const ready = async () => (await first.get('/health/ready')).status;
    await until('it is ready', ready, (status) => status === 200);
    await produce(address, 3000, 3);
    await settled(first, 0, 3000);
    broken = false;
    const answer = await first.get('/redrives', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-requested-by': 'ada' },
      body: JSON.stringify({ selection: { filter: {} }, rate: null, delayMs: 0 }),
    });
    t.equal(answer.status, 202);
    const { id } = (await answer.json()) as { id: string };
    type Report = { state: string; sent: number; processed: number };
    const report = (service: typeof first) => service.json<Report>(`/redrives/${id}`);
    await until(
      'some are sent',
      () => report(first),
      ({ sent }) => sent > 100,
    );
    await first.kill();
    const second = await withService(t, env);
    await settled(second, 3000, 3000);
    await until(
      'it is done',
      () => report(second),
      ({ state }) => state === 'done',
    );
    t.match(await report(second), { sent: 3000, processed: 3000 });
    const times = await sentBack(address);
    t.equal(times.size, 3000, 'each was sent');
  },
);

t.test('of lessons everything arrives, each bad order as a dead letter', async (t) => {
  const { address } = await withDevBroker(t);
  const { service } = startOne(t, address, () => {}, {}, true);
  t.equal(startOne(t, address, () => {}).service.commands.teach, null, 'with an own broker only');
  const lessons = service.commands.teach!;
  await until(
    'the topic is known',
    () => lessons.samples().catch(() => 0),
    (sent) => sent === 20,
  );
  const bad = await lessons.bad();
  await balanced(service, { counted: 20, deadLettered: bad });
});

// `npm run bench:streams`: what open streams cost. First how long the event loop of the whole service is held
// while it drains a backlog, without streams and with 1,000; then the CPU time of an event on its way to
// 10,000 streams, beside that of a C program which only sends as many bytes. Takes Java, Linux and cc.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { projectRoot } from '../../server/cli/project-root.ts';
import type { Metrics } from '../../server/http/contract.ts';
import { createScope } from '../chaos/scope.ts';
import { readOptions } from '../fixtures/options.ts';
import { type Service, withService } from '../fixtures/service.ts';
import { until } from '../fixtures/until.ts';
import { writeBacklog } from './backlog.ts';
import { buildFanOut, type FanOut, type FanOutEnd, type Told } from './fan-out.ts';
import { withKafka } from './own-kafka.ts';
import type { Used } from './probed-service.ts';
import { median, shown } from './side.ts';

const entry = fileURLToPath(new URL('probed-service.js', import.meta.url));
const produce = fileURLToPath(new URL('dist/server/cli/produce.js', projectRoot));
const SETTLE_MS = 2000;

const values = {
  ...{ orders: '2000000', looking: '1000', streams: '10000', seconds: '10', rounds: '3' },
  ...readOptions(
    `npm run bench:streams -- [--orders N] [--looking N] [--streams N] [--seconds N] [--rounds N]
  --orders, --looking  a backlog, and streams that are open while it is drained
  --streams, --seconds streams that get ten events a second, and for how long`,
    {
      ...{ orders: 'number', looking: 'number', streams: 'number' },
      ...{ seconds: 'number', rounds: 'number' },
    } as const,
  ),
};
const orders = Number(values.orders);
const streams = Number(values.streams);
const rounds = Array.from({ length: Number(values.rounds) });
const topic = { topic: 'orders', partitions: 3, products: 4, batch: 2000, codec: 'none' };

/** A service that can be asked what it has used since it was asked last. */
async function startService(scope: ReturnType<typeof createScope>, brokers: string) {
  const env = { KAFKA_BROKERS: brokers, FAILURE_RATE: '0', STREAMS_PER_ADDRESS: '10000' };
  const service = await withService(scope, env, entry);
  let questions = 0;
  await until(
    'the service is ready',
    () => service.get('/health/ready'),
    ({ status }) => status === 200,
  );
  return {
    service,
    port: Number(new URL(service.url).port),
    async ask(): Promise<Used> {
      questions += 1;
      service.send({ number: questions });
      return JSON.parse(await service.line(new RegExp(`"used":${questions},`))) as Used;
    },
  };
}

async function command(service: Service, name: 'pause' | 'resume'): Promise<void> {
  const headers = { 'content-type': 'application/json', 'x-requested-by': 'bench' };
  const answer = await service.get(`/${name}`, {
    method: 'POST',
    body: '{"why":"bench"}',
    headers,
  });
  if (!answer.ok) throw new Error(`${name}: ${await answer.text()}`);
}

type Started = Awaited<ReturnType<typeof startService>>;

/** Writes a backlog while the intake is paused, and measures from its going on until all is counted. */
async function drainOnce({ service, ask }: Started, brokers: string): Promise<Used> {
  const { totalCount } = await service.json<Metrics>('/metrics');
  await command(service, 'pause');
  await writeBacklog(brokers, { ...topic, orders });
  await delay(SETTLE_MS);
  await ask();
  await command(service, 'resume');
  await until(
    'all is counted',
    () => service.json<Metrics>('/metrics'),
    (metrics) => metrics.totalCount === totalCount + orders,
  );
  return ask();
}

function drainRow(looking: number, all: readonly Used[]) {
  const delays = (which: 0 | 1) => median(all.map(({ loopDelayMs }) => loopDelayMs[which]));
  return {
    draining: `${looking.toLocaleString('en')} streams open`,
    'loop delay p99 ms': delays(0).toFixed(1),
    'max ms': delays(1).toFixed(1),
    'RSS MB': shown(all.map(({ rssBytes }) => rssBytes / 2 ** 20)),
    'CPU s': median(all.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
  };
}

/** So many orders that there is news at every tick; the result stops it. */
function keepNews(brokers: string): () => Promise<unknown> {
  const args = ['--rate', '60', '--bad', '0', '--brokers', brokers];
  const child = spawn(process.execPath, [produce, ...args], { stdio: 'ignore' });
  const exited = once(child, 'close');
  return () => {
    child.kill();
    return exited;
  };
}

type Sent = { readonly told: Told; readonly cpuSeconds: number };

function eventRow(side: string, all: readonly Sent[], against: readonly Sent[]) {
  const cost = (some: readonly Sent[]) =>
    median(some.map(({ told, cpuSeconds }) => (cpuSeconds * 1e6) / told.events));
  return {
    side,
    'events/s': shown(all.map(({ told }) => told.events / Number(values.seconds))),
    'bytes each': shown(all.map(({ told }) => told.bytes / told.events)),
    'CPU µs each': cost(all).toFixed(2),
    'x C': (cost(all) / cost(against)).toFixed(2),
  };
}

/** Each of the two numbers of streams: the same drain so many times. */
async function measureDrains(started: Started, brokers: string, fanOut: FanOut): Promise<void> {
  const rows = [];
  for (const looking of [0, Number(values.looking)]) {
    const clients = looking === 0 ? null : await fanOut.receive(looking, started.port);
    const all: Used[] = [];
    for (const _ of rounds) all.push(await drainOnce(started, brokers));
    rows.push(drainRow(looking, all));
    await clients?.end();
  }
  console.table(rows);
}

/** What `clients` get from a server for some time, and the CPU time that it says it took. */
async function listen(clients: FanOutEnd, ask: () => Promise<{ cpuSeconds: number }>) {
  await delay(SETTLE_MS);
  await Promise.all([clients.ask(), ask()]);
  await delay(Number(values.seconds) * 1000);
  const [told, { cpuSeconds }] = await Promise.all([clients.ask(), ask()]);
  await clients.end();
  if (told.open < streams) throw new Error(`${streams - told.open} streams were closed`);
  return { told, cpuSeconds };
}

async function measureEvents(started: Started, brokers: string, fanOut: FanOut): Promise<void> {
  const ours: Sent[] = [];
  const theirs: Sent[] = [];
  for (const _ of rounds) {
    const stopNews = keepNews(brokers);
    ours.push(await listen(await fanOut.receive(streams, started.port), started.ask));
    await stopNews();
    const { told } = ours.at(-1)!;
    const sender = await fanOut.send(streams, Math.round(told.bytes / told.events));
    theirs.push(await listen(await fanOut.receive(streams, Number(sender.first)), sender.ask));
    await sender.end();
  }
  console.table([
    eventRow('this service, all it does', ours, theirs),
    eventRow('C, sends only', theirs, theirs),
  ]);
}

const fanOut = await buildFanOut();
await withKafka(undefined, async (brokers) => {
  await writeBacklog(brokers, { ...topic, orders: 0 });
  const scope = createScope();
  try {
    const started = await startService(scope, brokers);
    await measureDrains(started, brokers, fanOut);
    await measureEvents(started, brokers, fanOut);
  } finally {
    await scope.close();
  }
});

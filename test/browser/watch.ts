// `npm run test:page -- --minutes 2 --seed 1`: the page is looked at again and again at random moments, while
// orders come and faults happen to its service, to another one and to the broker. What it shows is compared
// with what an independent reader of Kafka knows: it may say that it does not know, and nothing that is not so.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import type { Page } from 'playwright-core';
import { startDevBroker } from '../../server/dev-broker/broker.ts';
import { createOrderGenerator } from '../../server/orders/order-generator.ts';
import { launchChromium } from '../fixtures/chromium.ts';
import { DESKTOP, pill } from '../fixtures/dashboard.ts';
import { freePort } from '../fixtures/free-port.ts';
import { readOptions } from '../fixtures/options.ts';
import { type Service, withService } from '../fixtures/service.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { until } from '../fixtures/until.ts';

const { minutes, seed } = {
  ...{ minutes: '2', seed: '1' },
  ...readOptions('npm run test:page -- [--minutes N] [--seed N]   the faults and moments', {
    minutes: 'number',
    seed: 'number',
  }),
};
/** What the page says of now may be so old, and no older, before it says that it is old. */
const FRESH_MS = 6000;

const ends: (() => unknown)[] = [];
const scope = {
  teardown: (end: () => unknown) => ends.push(end),
  pass: () => {},
  fail(message: string) {
    throw new Error(message);
  },
};

/** Numbers from 0 up to 1 that follow from the seed (a linear congruential generator). */
function createRandom(start: number) {
  let state = start >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
const random = createRandom(Number(seed));
const oneOf = <T>(all: readonly T[]) => all[Math.floor(random() * all.length)]!;

/** What stood in a topic at some time, as one that reads Kafka by itself knows it. */
function createReader(broker: string) {
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING, retry: { retries: 0 } });
  const admin = kafka.admin();
  const seen: { at: number; orders: number; letters: number }[] = [];
  const endOf = async (topic: string) => {
    const partitions = await admin.fetchTopicOffsets(topic);
    return partitions.reduce((sum, { high }) => sum + Number(high), 0);
  };
  return {
    connect: admin.connect,
    close: admin.disconnect,
    /** Null while the broker is away. */
    async look() {
      try {
        const [orders, letters] = [await endOf('orders'), await endOf('orders-dlq')];
        seen.push({ at: Date.now(), orders, letters });
        return { orders, letters };
      } catch {
        return null;
      }
    },
    /** What was there at least at a time. */
    leastAt: (at: number) => seen.findLast((each) => each.at <= at)?.orders ?? 0,
  };
}

/** Everything that the page says, of one moment. */
type Said = { pill: string; balance: string; lag: string; lagNote: string; throughput: string };
const listen = (page: Page) =>
  page.evaluate<Said>(`(() => {
    const text = (node) => node?.textContent ?? '';
    const card = (label) => [...document.querySelectorAll('.card')]
      .find((each) => text(each).startsWith(label));
    const figure = (label) => text(card(label)?.querySelector('.figure'));
    return {
      pill: text(document.querySelector('.pill strong')),
      balance: text(document.querySelector('.balance strong')),
      lag: figure('Consumer lag'),
      lagNote: text(card('Consumer lag')?.querySelector('.card-note')),
      throughput: figure('Throughput'),
    };
  })()`);

const numberOf = (text: string) =>
  /^[\d,]+$/.test(text) ? Number(text.replaceAll(',', '')) : null;
const PRESENT = new Set(['Live', 'Polling every 1 s', 'Not ready', 'Consumption paused']);

/** What is not so of what was said, in words. `least`: what was there for long; `now`: what is there after it. */
function liesIn(
  said: Said,
  least: number,
  now: { orders: number; letters: number },
  before: number,
) {
  const numbers = (said.balance.match(/[\d,]+/g) ?? []).map((text) => numberOf(text) ?? 0);
  const [read = 0, ...parts] = numbers;
  const [, dead = 0] = parts;
  const lag = numberOf(said.lag);
  const caughtUp = said.lagNote.includes('caught up');
  const speaksOfNow = PRESENT.has(said.pill);
  const claims: [boolean, string][] = [
    [
      numbers.length > 0 && read !== parts.reduce((sum, part) => sum + part, 0),
      'the balance is off',
    ],
    [read > now.orders, `read ${read} of ${now.orders}`],
    [numbers.length > 0 && read < before, `read ${read}, after ${before}`],
    [dead > now.letters, `${dead} of ${now.letters} dead letters`],
    [caughtUp && !speaksOfNow, `caught up while it is ${said.pill}`],
    [caughtUp && read < least, `caught up at ${read} of ${least}`],
    [lag !== null && speaksOfNow && lag + read < least, `${lag} behind ${read}, of ${least}`],
    [lag !== null && lag + read > now.orders, `${lag} behind ${read}, of only ${now.orders}`],
    [said.pill === 'Kafka down' && said.throughput !== '—', 'a rate while Kafka is away'],
  ];
  return { read: Math.max(read, before), lies: claims.flatMap(([is, what]) => (is ? [what] : [])) };
}

async function main(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'watch-'));
  ends.push(() => rmSync(directory, { recursive: true }));
  const port = await freePort();
  const start = () =>
    startDevBroker({ port, directory, environment: 'test', logger: silentLogger });
  let broker = await start();
  ends.push(() => broker.close());
  const env = { KAFKA_BROKERS: `localhost:${port}`, FAILURE_RATE: '0.05' };
  const watched = await withService(scope, env);
  let other: Service = await withService(scope, env);
  const reader = createReader(env.KAFKA_BROKERS);
  await until(
    'there are topics',
    () => watched.get('/health/ready'),
    ({ ok }) => ok,
  );
  await reader.connect();
  ends.push(reader.close);
  const browser = await launchChromium();
  ends.push(() => browser.close());
  const page = await browser.newPage(DESKTOP);
  await page.goto(watched.url);
  await pill(page, 'Live').waitFor();

  const kafka = new Kafka({ brokers: [env.KAFKA_BROKERS], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  ends.push(() => producer.disconnect());
  const { next } = createOrderGenerator({ seed: Number(seed), products: 20, badRatio: 0.02 });
  const over = Date.now() + 60_000 * Number(minutes);
  const isOver = () => Date.now() >= over;

  const faults: Record<string, () => Promise<void>> = {
    'the watched service is frozen': async () => {
      process.kill(watched.pid, 'SIGSTOP');
      await wait(1000 + 8000 * random());
      process.kill(watched.pid, 'SIGCONT');
    },
    'the other is frozen': async () => {
      process.kill(other.pid, 'SIGSTOP');
      await wait(1000 + 12_000 * random());
      process.kill(other.pid, 'SIGCONT');
    },
    'the other is killed': async () => {
      await other.kill();
      await wait(3000 * random());
      other = await withService(scope, env);
    },
    'the broker is away': async () => {
      await broker.close();
      await wait(1000 + 9000 * random());
      broker = await start();
    },
  };
  const breakThings = async () => {
    while (!isOver()) {
      const name = oneOf(Object.keys(faults));
      console.log(`${Math.round((over - Date.now()) / 1000)} s left: ${name}`);
      await faults[name]!();
      await wait(6000 * random());
    }
  };
  const produce = async () => {
    while (!isOver()) {
      const messages = Array.from({ length: Math.floor(60 * random()) }, next);
      if (messages.length > 0) await producer.send({ topic: 'orders', messages }).catch(() => {});
      await wait(2000 * random());
    }
  };
  const found: string[] = [];
  const pills = new Map<string, number>();
  let read = 0;
  const look = async () => {
    while (!isOver()) {
      await reader.look();
      await wait(800 * random());
      const said = await listen(page);
      const at = Date.now();
      const now = await reader.look();
      pills.set(said.pill, (pills.get(said.pill) ?? 0) + 1);
      if (now === null) continue;
      const verdict = liesIn(said, reader.leastAt(at - FRESH_MS), now, read);
      read = verdict.read;
      for (const lie of verdict.lies) found.push(`${said.pill}: ${lie} (${JSON.stringify(said)})`);
    }
  };
  await Promise.all([breakThings(), produce(), look()]);

  await until(
    'all of it is read, and the page says so',
    async () => ({ said: await listen(page), kafka: await reader.look() }),
    ({ said, kafka: truth }) =>
      said.pill === 'Live' &&
      said.lagNote.includes('caught up') &&
      numberOf(/[\d,]+/.exec(said.balance)?.[0] ?? '') === truth?.orders,
  );
  console.table(Object.fromEntries(pills));
  for (const lie of found) console.error(lie);
  return found.length;
}

try {
  const lies = await main();
  console.log(lies === 0 ? 'Nothing was said that is not so.' : `${lies} things are not so.`);
  process.exitCode = lies === 0 ? 0 : 1;
} finally {
  for (const end of ends.reverse()) await end();
}

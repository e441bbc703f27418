// The page on the real service and a real broker, while things go wrong with both: it may say that it
// does not know, and never what is not so.
import { Kafka, logLevel } from 'kafkajs';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import type { Metrics } from '../../server/http/contract.ts';
import { withChromium } from '../fixtures/chromium.ts';
import { button, DESKTOP, figure, picture, pill, reads } from '../fixtures/dashboard.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { freePort } from '../fixtures/free-port.ts';
import { withKcat } from '../fixtures/kcat.ts';
import { withService } from '../fixtures/service.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import { until } from '../fixtures/until.ts';

/** Topics in one Kafka, as a program beside the service uses them. */
async function outsider(t: Test, broker: string) {
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await Promise.all([admin.connect(), producer.connect()]);
  t.teardown(() => Promise.all([admin.disconnect(), producer.disconnect()]));
  return {
    admin,
    send: (topic: string, values: readonly Buffer[]) =>
      producer.send({ topic, messages: values.map((value) => ({ value })) }),
  };
}

const orders = (count: number, price = 10) =>
  Array.from({ length: count }, (_, index) =>
    encodeSomeOrder({ orderId: `o${index}`, product: 'Lamp', price }),
  );

t.test('the page tells the truth', async (t) => {
  t.setTimeout(300_000);
  const chromium = await withChromium(t);
  if (!chromium) return;
  async function open(t: Test, url: string): Promise<Page> {
    const page = await chromium!.open(url, DESKTOP);
    page.setDefaultTimeout(30_000);
    t.teardown(() => page.context().close());
    return page;
  }

  t.test('of orders, a frozen server, and a topic made anew', async (t) => {
    const broker = await withDevBroker(t);
    const KAFKA_BROKERS = `localhost:${broker.port}`;
    const service = await withService(t, { KAFKA_BROKERS, FAILURE_RATE: '0' });
    const page = await open(t, service.url);
    await pill(page, 'Live').waitFor();
    await reads(page, '.empty', 'No orders yet');
    await reads(page, '.empty code', `--brokers ${KAFKA_BROKERS}`);

    const { admin, send } = await outsider(t, KAFKA_BROKERS);
    await send('orders', [...orders(40), Buffer.from('no order'), ...orders(9)]);
    await reads(page, '.card', /Orders processed\s*49/);
    await reads(page, '.card', /Dead letters\s*1/);
    await reads(page, '.card', /caught up/);
    await reads(page, '.balance', 'read 50 = counted 49 + dead letters 1 + waiting 0');
    await reads(page, '.letter', 'MALFORMED');
    await page.getByLabel('Id of an order').fill('o39');
    await page.keyboard.press('Enter');
    await reads(page, '.dialog .steps', /Produced.*counted, as of this checkpoint/);
    await reads(page, '.dialog', '50 of 50 offsets of orders and 1 of 1 offsets of orders-dlq.');
    await page.keyboard.press('Escape');

    process.kill(service.pid, 'SIGSTOP');
    await pill(page, 'Stale').waitFor();
    await reads(page, '.context', 'No answer from the dashboard server.');
    await reads(page, '.context code', /^PORT=0 KAFKA_BROKERS=\S+ .*node dist\/server\/main\.js$/);
    t.notMatch(await page.locator('.cards').textContent(), /caught up/, 'nothing speaks of now');
    await picture(page, 'frozen-server');
    process.kill(service.pid, 'SIGCONT');
    await pill(page, 'Live').waitFor();

    await admin.deleteTopics({ topics: ['orders'] });
    await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 3 }] });
    await pill(page, 'Stopped').waitFor();
    await reads(page, '.context', /orders\[\d\] has stopped: .*recreated/);
    await reads(page, '.pill', 'partitions 0, 1, 2 of 3');
    t.match(await page.title(), /^✕ /);
    t.equal(await figure(page, 'Orders processed').textContent(), '49', 'what was true stays');
    await reads(page, '[role=status]', 'Partitions 0, 1, 2 have stopped.');
    await picture(page, 'stopped');
  });

  t.test('of a Kafka that is not there yet, and a group that is stuck', async (t) => {
    const port = await freePort();
    const KAFKA_BROKERS = `localhost:${port}`;
    const stuck = { MAX_PENDING: '1', FAILURE_RATE: '1', RETRY_BACKOFF_MS: '3600000' };
    const env = { KAFKA_BROKERS, ...stuck, RETRY_MAX_BACKOFF_MS: '3600000' };
    const service = await withService(t, env);
    const page = await open(t, service.url);
    await pill(page, 'Kafka down').waitFor();
    await reads(page, '.context', `Kafka is unreachable at ${KAFKA_BROKERS}`);
    for (const name of ['Orders processed', 'Throughput', 'Consumer lag', 'Dead letters']) {
      t.equal(await figure(page, name).textContent(), '—', name);
    }
    t.notMatch(await page.locator('.context').textContent(), /lost/);

    await withDevBroker(t, null, { port });
    await pill(page, 'Live').waitFor();
    const { send } = await outsider(t, KAFKA_BROKERS);
    await send('orders', orders(120));
    await reads(page, '.card', /Consumer lag\s*11\d\s*behind/);
    await reads(page, '.context', /orders\[\d\] is full since \d\d:\d\d:\d\d/);
    await reads(page, '.context', 'oldest commit');
    await reads(page, '.card', /first unread .* nothing moves/);
    t.equal(await figure(page, 'Orders processed').textContent(), '0');
    t.equal(await page.locator('.empty', { hasText: 'No orders yet' }).count(), 0);
    await button(page, 'Details').first().click();
    await reads(page, '.context-all', 'MAX_PENDING=1');
    await picture(page, 'stuck');
  });

  t.test('of one of two instances that is frozen, against what kcat reads', async (t) => {
    const broker = await withDevBroker(t);
    const KAFKA_BROKERS = `localhost:${broker.port}`;
    const kcat = await withKcat(t, KAFKA_BROKERS);
    if (!kcat) return;
    const env = { KAFKA_BROKERS, FAILURE_RATE: '0' };
    const watched = await withService(t, env);
    const page = await open(t, watched.url);
    const frozen = await withService(t, env);
    const { send } = await outsider(t, KAFKA_BROKERS);
    await send('orders', [...orders(60), Buffer.from('no order')]);
    await until(
      'both own partitions',
      () => watched.json<Metrics>('/metrics'),
      ({ asOf }) => new Set(asOf.map(({ owner }) => owner)).size === 2,
    );
    await reads(page, '.card', /Consumer lag\s*0\s*behind\s*caught up/);

    const written = async (topic: string) => (await kcat.read(topic)).length;
    /** What the page shows now, beside what stood in Kafka before and after it was looked at. */
    async function look() {
      const before = await written('orders');
      const [, read, counted, dead, waiting] =
        /read ([\d,]+) = counted ([\d,]+) \+ dead letters ([\d,]+) \+ waiting ([\d,]+)/
          .exec((await page.locator('.balance').textContent()) ?? '')!
          .map((text) => Number(text.replaceAll(',', '')));
      const caughtUp = /caught up/.test((await page.locator('.cards').textContent()) ?? '');
      const shown = { read: read!, counted: counted!, dead: dead!, waiting: waiting!, caughtUp };
      return {
        before,
        shown,
        after: await written('orders'),
        letters: await written('orders-dlq'),
      };
    }

    process.kill(frozen.pid, 'SIGSTOP');
    await send('orders', orders(60));
    await reads(page, '.partitions td', 'behind');
    for (let round = 0; round < 3; round += 1) {
      await send('orders', orders(60));
      const { before, shown, after, letters } = await look();
      t.ok(shown.read <= after, `read ${shown.read} of ${after}`);
      t.equal(shown.read, shown.counted + shown.dead + shown.waiting);
      t.ok(shown.dead <= letters, `${shown.dead} of ${letters} dead letters`);
      t.notOk(shown.caughtUp && shown.read < before, `caught up at ${shown.read} of ${before}`);
    }
    await picture(page, 'one-of-two-frozen');

    process.kill(frozen.pid, 'SIGCONT');
    await reads(page, '.card', /Consumer lag\s*0\s*behind\s*caught up/);
    const { shown, after, letters } = await look();
    t.match(shown, { read: after, counted: after - letters, dead: letters, waiting: 0 });
  });

  t.test('no page complained', async (t) => {
    t.same(chromium.complaints, []);
  });
});

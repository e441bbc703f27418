// From a record in `orders` to /metrics, /dlq and /stream.
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { projectRoot } from '../../server/cli/project-root.ts';
import type { LetterItem } from '../../server/http/contract-letters.ts';
import { readAvroCorpus } from '../fixtures/corpus.ts';
import { judge } from '../fixtures/oracle.ts';
import { runTool } from '../fixtures/run-tool.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import { agree, header } from './agree.ts';
import { createPage } from './page.ts';
import { type Broker, createWorld } from './world.ts';

const produce = fileURLToPath(new URL('dist/server/cli/produce.js', projectRoot));

/** What becomes of orders. */
export function orders(t: Test, broker: Broker): void {
  t.test(
    'orders are counted, dead-lettered and shown alike everywhere',
    { buffered: true },
    async (t) => {
      const world = createWorld(t, broker);
      const service = await world.start();
      const page = createPage(await service.events('/stream'));
      const sent = ['--count', '3000', '--rate', '0', '--bad', '0.05', '--seed', '1'];
      const to = ['--brokers', world.brokers, '--topic', world.orders];
      await runTool(process.execPath, [produce, ...sent, ...to]);

      const { metrics, letters } = await agree(t, world, service);
      t.ok(letters.length > 100 && metrics.retries > 100, 'with retries and dead letters');
      t.equal(letters.length, metrics.balance.deadLettered, 'each dead letter once');
      const seen = await page.find(
        ({ metrics }) =>
          metrics !== null &&
          metrics.balance.counted + metrics.balance.deadLettered === 3000 &&
          metrics.balance.pending === 0,
      );
      t.same(seen.metrics?.perProduct, metrics.perProduct);
      t.equal(seen.metrics?.overallAveragePrice, metrics.overallAveragePrice);
      const newest = await service.json<LetterItem[]>('/dlq?limit=50');
      const listed = newest.map(({ group, state, ...item }) => item);
      t.strictSame(seen.deadLetters, listed, 'the page holds the newest dead letters');
    },
  );

  t.test(
    'an order that keeps failing is tried as often as allowed, then dead-lettered',
    { buffered: true },
    async (t) => {
      const world = createWorld(t, broker, { FAILURE_RATE: '1', MAX_RETRIES: '2' });
      const service = await world.start();
      await world.send({ count: 60, seed: 2, bad: 0 });

      const { metrics, letters } = await agree(t, world, service);
      t.match(metrics, { totalCount: 0, overallAveragePrice: 0, retries: 120, perProduct: {} });
      t.equal(letters.length, 60);
      const said = letters.map((letter) =>
        ['attempts', 'stage', 'disposition'].map((name) => header(letter, `orders.errors.${name}`)),
      );
      t.strictSame(distinct(said), [['3', 'process', 'retries_exhausted']]);
    },
  );

  t.test('an order that fails a while is counted in the end', { buffered: true }, async (t) => {
    const settings = { FAILURE_RATE: '0.7', MAX_RETRIES: '1000', RETRY_MAX_BACKOFF_MS: '40' };
    const world = createWorld(t, broker, settings);
    const service = await world.start();
    await world.send({ count: 500, seed: 3, bad: 0 });

    const { metrics } = await agree(t, world, service);
    t.equal(metrics.totalCount, 500);
    t.ok(metrics.retries > 500);
  });

  t.test(
    'every poison record becomes a dead letter, the orders around it are counted',
    { buffered: true },
    async (t) => {
      const world = createWorld(t, broker, { FAILURE_RATE: '0' });
      const service = await world.start();
      const corpus = readAvroCorpus();
      const poison = corpus.filter(({ expect }) => expect !== 'OK');
      const records = poison.flatMap(({ name, value }, n) => [
        good(`good-${n}`),
        { key: Buffer.from(name), value },
      ]);
      await world.client.produce(world.orders, [...records, good('last')], { partition: 0 });

      const { metrics, letters } = await agree(t, world, service);
      t.equal(metrics.totalCount, poison.length + 1);
      t.strictSame(
        letters.map((letter) => [letter.key!.toString(), codeOf(header(letter, 'errorReason'))]),
        poison.map(({ name, expect }) => [name, expect]),
      );
      t.equal(metrics.retries, 0, 'none is tried again');
    },
  );

  t.test(
    'a product may have any name, also one that means something to JavaScript',
    { buffered: true },
    async (t) => {
      const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', ' é\u2028🎉 '];
      const world = createWorld(t, broker, { FAILURE_RATE: '0' });
      const service = await world.start();
      const page = createPage(await service.events('/stream'));
      await world.client.produce(
        world.orders,
        names.flatMap((name) => [good('1', name), good('2', name)]),
      );

      const { metrics } = await agree(t, world, service);
      t.strictSame(Object.keys(metrics.perProduct).sort(), names.sort());
      const seen = await page.find(({ metrics }) => metrics?.totalCount === 2 * names.length);
      t.strictSame(Object.keys(seen.metrics?.perProduct ?? {}).sort(), names.sort());
    },
  );

  t.test('batches of every codec are read', { buffered: true }, async (t) => {
    const world = createWorld(t, broker, { FAILURE_RATE: '0' });
    const service = await world.start();
    const { codecs } = world.client;
    for (const codec of codecs) {
      const records = Array.from({ length: 300 }, (_, n) => good(`${codec}-${n}`, codec));
      await world.client.produce(world.orders, records, { codec });
    }
    const { metrics } = await agree(t, world, service);
    t.strictSame(
      codecs.map((codec) => metrics.perProduct[codec]?.count),
      codecs.map(() => 300),
    );
  });

  t.test('invented products cannot take more than their room', { buffered: true }, async (t) => {
    const world = createWorld(t, broker, {
      FAILURE_RATE: '0',
      MAX_PRODUCTS: '3',
      PARTITIONS: '1',
      // Most of the orders become dead letters here.
      BREAKER_RATIO: '0',
    });
    const service = await world.start();
    await world.send({ count: 400, seed: 4, bad: 0, products: 8 });

    const { metrics, orders, letters } = await agree(t, world, service);
    const inOrder = orders.map(({ value }) => productOf(value));
    t.strictSame(Object.keys(metrics.perProduct).sort(), [...new Set(inOrder)].slice(0, 3).sort());
    const codes = letters.map((letter) => codeOf(header(letter, 'errorReason')));
    t.strictSame(distinct(codes), ['PRODUCT_LIMIT']);
  });
}

function good(orderId: string, product = 'Item1') {
  const price = 12.34 + orderId.length;
  return { key: Buffer.from(orderId), value: encodeSomeOrder({ orderId, product, price }) };
}

function codeOf(reason: string | null | undefined): string | undefined {
  return reason?.split(':')[0];
}

function productOf(value: Buffer | null): string {
  const verdict = judge(value);
  return 'product' in verdict ? verdict.product : verdict.reason;
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

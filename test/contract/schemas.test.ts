// Orders of every framing and of several schemas on one topic, with a real registry.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { openOrderFormat } from '../../server/cli/order-format.ts';
import type { Health, Metrics, Schemas } from '../../server/http/contract.ts';
import { openOrderProducer } from '../../server/kafka/order-producer.ts';
import type { Order } from '../../server/orders/order.ts';
import { createOrderGenerator } from '../../server/orders/order-generator.ts';
import { registryHeader } from '../../server/schemas/framing.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { fakeRegistry } from '../fixtures/fake-registry.ts';
import { foreignOrders, totalsByPython } from '../fixtures/foreign-writers.ts';
import { average } from '../fixtures/oracle.ts';
import { withOtherClient } from '../fixtures/other-client.ts';
import { withSchemaRegistry } from '../fixtures/schema-registry.ts';
import { withService } from '../fixtures/service.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import { until } from '../fixtures/until.ts';
import { createWorld, ready } from './world.ts';

const timeout = 600_000;
t.setTimeout(timeout);

const MONEY = JSON.stringify({
  type: 'record',
  name: 'com.example.Order',
  fields: [
    { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 } },
    {
      name: 'shop',
      type: { type: 'enum', name: 'Shop', symbols: ['WEB', 'STORE'] },
      default: 'WEB',
    },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'product', type: ['null', 'string'] },
    { name: 'orderId', type: 'string' },
  ],
});

t.test('three framings and four schemas on one topic come to what Python counts', async (t) => {
  const registry = await withSchemaRegistry(t);
  if (registry === undefined) return;
  const { address: brokers } = await withDevBroker(t, t.testdir({ 'money.avsc': MONEY }));
  const world = createWorld(
    t,
    { brokers, client: await withOtherClient(t, brokers) },
    { SCHEMA_REGISTRY_URL: registry.url },
  );
  const format = (framing: 'raw' | 'single-object' | 'registry', schemaFile?: string) =>
    openOrderFormat(
      { framing, schemaFile, register: true, registry: { url: registry.url, authorization: null } },
      world.orders,
    );
  const writers = await Promise.all([
    format('raw'),
    format('single-object', 'avro/versions/2.avsc'),
    format('registry', 'avro/order.avsc'),
    format('registry', 'avro/versions/1.avsc'),
    format('registry', `${t.testdirName}/money.avsc`),
  ]);
  let turn = 0;
  const write = (order: Order) => writers[turn++ % writers.length]!(order);
  const generator = createOrderGenerator({ seed: 5, products: 4, badRatio: 0, write });
  const producer = await openOrderProducer({
    connection: { brokers: [brokers] },
    topic: world.orders,
    partitions: 3,
    trouble: (message) => t.comment(message),
  });
  const send = async (batches: number) => {
    for (let left = batches; left > 0; left -= 1) {
      await producer.send(Array.from({ length: 50 }, () => generator.next()));
    }
  };

  await send(10);
  const first = await world.start();
  await send(10);
  await until(
    'it counts',
    () => first.json<Metrics>('/metrics'),
    ({ totalCount }) => totalCount > 0,
  );
  await first.kill();
  await send(10);
  const second = await world.start();
  const foreign = await foreignOrders(t, registry);
  await world.client.produce(
    world.orders,
    foreign.map((value, n) => ({ key: Buffer.from(`foreign-${n}`), value })),
  );
  await second.kill();
  const third = await world.start();
  await send(10);
  await producer.close();

  const orders = await world.client.read(world.orders);
  t.equal(orders.length, 2000 + foreign.length);
  const metrics = await until(
    'all orders have ended',
    () => third.json<Metrics>('/metrics'),
    ({ balance }) => balance.counted + balance.deadLettered === orders.length,
  );
  const dead = await world.client.read(world.deadLetters);
  const gone = new Set(dead.map(({ key }) => `${key}`));
  const counted = orders.filter(({ key }) => !gone.has(`${key}`)).map(({ value }) => value!);
  t.equal(metrics.totalCount, counted.length);
  const totals = await totalsByPython(t, registry.url, counted);
  if (totals === undefined) return;
  t.strictSame(
    Object.entries(metrics.perProduct).sort(),
    [...totals]
      .map(([product, sum]) => [product, { count: sum.count, averagePrice: average(sum) }])
      .sort(),
  );
  const { writers: seen } = await third.json<Schemas>('/schema');
  t.ok(new Set(seen.map(({ framing }) => framing)).size === 3, 'all framings were seen');
});

t.test('a registry that is down delays, says so, and makes no dead letter', async (t) => {
  const registry = await fakeRegistry(t);
  const { address: brokers } = await withDevBroker(t);
  const world = createWorld(
    t,
    { brokers, client: await withOtherClient(t, brokers) },
    { SCHEMA_REGISTRY_URL: registry.url, FAILURE_RATE: '0' },
  );
  registry.answers.set('/schemas/ids/7', { status: 503, body: 'starting' });
  await world.send({ count: 30, seed: 6, bad: 0 });
  const service = await world.start();
  const value = Buffer.concat([
    registryHeader(7),
    encodeSomeOrder({ orderId: 'late', product: 'Late', price: 1 }),
  ]);
  await world.client.produce(world.orders, [{ key: Buffer.from('late'), value }]);
  const waiting = await until(
    'it says what it waits for',
    () => service.get('/health/ready').then((answer) => answer.json() as Promise<Health>),
    ({ reasons }) => reasons.length > 0,
  );
  t.match(waiting.reasons, [/^schema 7 is waited for: http.*503/]);
  t.match(await service.json<Metrics>('/metrics'), { balance: { deadLettered: 0 } });

  // Another one begins meanwhile, and the first is gone.
  await service.kill();
  const next = await withService(t, world.env);
  registry.put(7, JSON.parse(readFileSync('avro/versions/1.avsc', 'utf8')));
  await ready(next);
  await until(
    'it is counted',
    () => next.json<Metrics>('/metrics'),
    ({ perProduct, balance }) => perProduct.Late?.count === 1 && balance.deadLettered === 0,
  );
  t.equal((await world.client.read(world.deadLetters)).length, 0);
});

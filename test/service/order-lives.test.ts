// Orders followed by their ids, on the whole service and a broker.
import { Kafka, logLevel } from 'kafkajs';
import t, { type Test } from 'tap';
import { Value } from 'typebox/value';
import type { RedriveAnswer } from '../../server/http/contract-commands.ts';
import { type OrderLife, OrderLives } from '../../server/http/contract-lives.ts';
import { encodeOrder } from '../../server/orders/order.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { type Service, withService } from '../fixtures/service.ts';
import { until } from '../fixtures/until.ts';

async function world(t: Test, env: Record<string, string>) {
  const { port } = await withDevBroker(t);
  const KAFKA_BROKERS = `localhost:${port}`;
  const service = await withService(t, { KAFKA_BROKERS, ...env });
  await until(
    'it is ready',
    () => service.get('/health/ready'),
    ({ ok }) => ok,
  );
  const kafka = new Kafka({ brokers: [KAFKA_BROKERS], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  t.teardown(() => producer.disconnect());
  const send = (orderId: string, value = encodeOrder({ orderId, product: 'Lamp', price: 10 })) =>
    producer.send({ topic: 'orders', messages: [{ key: orderId, value, partition: 1 }] });
  return { service, producer, send };
}

const follow = (service: Service, id: string) =>
  service.json<OrderLives>(`/api/orders?id=${encodeURIComponent(id)}`);

/** Its lives, once `done` is true of them. */
const lives = async (service: Service, id: string, done: (lives: OrderLife[]) => boolean) =>
  (
    await until(
      `order ${id}`,
      () => follow(service, id),
      (answer) => done(answer.lives),
    )
  ).lives;

async function command<T>(
  service: Service,
  method: string,
  path: string,
  body: object,
): Promise<T> {
  const headers = { 'content-type': 'application/json', 'x-requested-by': 'test' };
  const response = await service.get(path, { method, headers, body: JSON.stringify(body) });
  return response.json() as Promise<T>;
}

t.test('an order is followed from its record over its dead letter to its next life', async (t) => {
  const { service, producer, send } = await world(t, { FAILURE_RATE: '0' });
  await send('good');
  const [good] = await lives(service, 'good', ([life]) => life?.fate === 'counted');
  t.match(good, { partition: 1, offset: 0, redrive: null, letter: null, why: null });
  t.ok(good!.asOf! >= good!.record!.timestamp, 'a checkpoint says so that came after it');
  t.same(good!.record!.decoded.fields[0], { name: 'orderId', value: 'good', at: 0 });

  // The key has the id where the value does not.
  await send('bad', Buffer.from('no order'));
  const [bad] = await lives(service, 'bad', ([life]) => life?.fate === 'dead-lettered');
  t.match(bad, { offset: 1, letter: { id: '1-0', code: 'MALFORMED', state: 'open', attempts: 0 } });
  t.type(bad!.letter!.lastFailedAt, 'string');

  const value = { json: { orderId: 'mended', product: 'Lamp', price: 3 } };
  await command<RedriveAnswer>(service, 'PUT', '/dlq/1-0/redrive', { value, why: 'a test' });
  const both = await lives(
    service,
    'bad',
    ([one, two]) => two?.fate === 'counted' && one?.letter?.state === 'redriven',
  );
  t.match(both, [
    { offset: 1, fate: 'dead-lettered', letter: { id: '1-0' } },
    { offset: 2, fate: 'counted', redrive: { by: 'test', count: 1 } },
  ]);

  const answer = await follow(service, 'bad');
  t.ok(Value.Check(OrderLives, answer));
  t.match(answer.looked, [
    { topic: 'orders', read: 3, total: 3, missing: [] },
    { topic: 'orders-dlq', read: 1, total: 1, missing: [] },
  ]);
  t.match(await follow(service, 'nobody'), { lives: [], others: [], looked: [{ read: 3 }, {}] });
  t.same((await follow(service, 'Lamp')).lives, [], 'another field is no id');

  const strange = encodeOrder({ orderId: 'strange', product: 'Lamp', price: 10 });
  await producer.send({ topic: 'orders-dlq', messages: [{ value: strange, partition: 2 }] });
  t.match(await follow(service, 'strange'), { lives: [], others: [{ id: '2-0', origin: null }] });

  for (const query of ['', '?id=', `?id=${'x'.repeat(129)}`, '?id=a&more=b']) {
    const response = await service.get(`/api/orders${query}`);
    t.equal(response.status, 400, query);
    t.match(await response.json(), { error: 'BAD_QUERY' });
  }
});

t.test('an order that waits says for what, and one behind a pause is not read yet', async (t) => {
  const { service, send } = await world(t, {
    ...{ FAILURE_RATE: '1', RETRY_BACKOFF_MS: '3600000', RETRY_MAX_BACKOFF_MS: '3600000' },
  });
  await send('waits');
  const [waits] = await lives(service, 'waits', ([life]) => life?.fate === 'waiting');
  t.match(waits!.waiting, { attempts: 1, error: /./ });
  t.ok(waits!.waiting!.nextAttemptAt! > waits!.waiting!.firstFailedAt);

  await command(service, 'POST', '/pause', { why: 'a test' });
  await until(
    'it is paused',
    () => service.json<{ paused: unknown[] }>('/api/snapshot'),
    ({ paused }) => paused.length === 3,
  );
  await send('later');
  const [later] = await lives(service, 'later', ([life]) => life !== undefined);
  t.match(later, { offset: 1, fate: 'unread', waiting: null });
});

// The service as a process, with a handler that posts to a server which is slow, hangs, refuses,
// asks for patience, is away for a while, and comes back.
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import type { Metrics, Snapshot } from '../../server/http/contract.ts';
import type { Order } from '../../server/orders/order.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { createKafkajsClient } from '../fixtures/kafkajs-client.ts';
import { withService } from '../fixtures/service.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import { until } from '../fixtures/until.ts';

const CONCURRENCY = 4;

/** What the other side did with one request. */
type Call = { readonly order: Order; readonly key: string; readonly begun: number; ended: number };

/** A server that does with each order what `answer` says, and notes it. */
async function withOtherSide(
  t: Test,
  answer: (order: Order, times: number, response: ServerResponse) => void,
) {
  const calls: Call[] = [];
  const times = new Map<string, number>();
  let open = 0;
  let mostOpen = 0;
  let step = 0;
  const server = createServer(async (request, response) => {
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    let body = '';
    for await (const chunk of request) body += chunk;
    const order = JSON.parse(body) as Order;
    const key = `${request.headers['idempotency-key']}`;
    step += 1;
    const call: Call = { order, key, begun: step, ended: Number.POSITIVE_INFINITY };
    calls.push(call);
    response.once('close', () => {
      open -= 1;
      step += 1;
      call.ended = step;
    });
    const seen = (times.get(key) ?? 0) + 1;
    times.set(key, seen);
    answer(order, seen, response);
  });
  async function listen(port = 0): Promise<Server> {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }
  await listen();
  const { port } = server.address() as AddressInfo;
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${port}/orders`,
    calls,
    mostOpen: () => mostOpen,
    goAway() {
      server.close();
      server.closeAllConnections();
    },
    comeBack: () => listen(port),
  };
}

async function withOrders(t: Test, count: number) {
  const { address: brokers } = await withDevBroker(t);
  const client = createKafkajsClient(brokers);
  const messages = Array.from({ length: count }, (_, n) => ({
    key: Buffer.from(`customer-${n % 5}`),
    value: encodeSomeOrder({ orderId: `o-${n}`, product: `Item${n % 5}`, price: n + 0.25 }),
  }));
  const env = {
    KAFKA_BROKERS: brokers,
    HANDLER_CONCURRENCY: `${CONCURRENCY}`,
    HANDLER_TIMEOUT_MS: '500',
    MAX_RETRIES: '50',
    RETRY_BACKOFF_MS: '10',
    RETRY_MAX_BACKOFF_MS: '100',
    PARTITIONS: '1',
  };
  return { env, produce: () => client.produce('orders', messages) };
}

const settled = (count: number) => (metrics: Metrics & { error?: string }) =>
  metrics.error === undefined && metrics.balance.counted + metrics.balance.deadLettered === count;

t.test('every order is posted until it succeeds, and counted once', async (t) => {
  const { env, produce } = await withOrders(t, 100);
  const other = await withOtherSide(t, (order, times, response) => {
    const n = Number(order.orderId.slice(2));
    if (n === 99) return void response.writeHead(422).end();
    if (times > 1 || n % 7 !== 0) return void setImmediate(() => response.writeHead(204).end());
    // The first time: it hangs, breaks, or asks for patience.
    if (n % 3 === 0) return;
    if (n % 3 === 1) return void response.destroy();
    response.writeHead(429, { 'retry-after': '1' }).end();
  });
  const service = await withService(t, { ...env, HANDLER_URL: other.url });
  await produce();
  const metrics = await until(
    'all are judged',
    () => service.json<Metrics & { error?: string }>('/metrics'),
    settled(100),
  );
  t.match(metrics.balance, { counted: 99, deadLettered: 1, pending: 0 });
  t.equal(metrics.totalCount, 99);
  // 0.25 + ... + 98.25
  t.equal(metrics.overallAveragePrice, 49.25);
  t.equal(new Set(other.calls.map(({ key }) => key)).size, 100, 'each under a key of its own');
  t.match(await service.json('/dlq'), [{ code: 'PERMANENT', orderId: 'o-99' }]);
});

t.test(
  'who is away is waited for; orders of a key keep their order, and few go at once',
  async (t) => {
    const { env, produce } = await withOrders(t, 60);
    let answered = 0;
    const other = await withOtherSide(t, (_order, _times, response) => {
      answered += 1;
      if (answered === 20) return void other.goAway();
      if (answered % 9 === 0) return void response.writeHead(503).end();
      setImmediate(() => response.writeHead(200).end('thanks'));
    });
    const service = await withService(t, { ...env, HANDLER_URL: other.url, ORDERING: 'key' });
    await produce();
    await until(
      'orders are tried again while it is away',
      () => service.json<Metrics>('/metrics'),
      ({ balance, retries }) => balance?.pending > 0 && retries > 0 && answered >= 20,
    );
    await other.comeBack();
    const metrics = await until(
      'all are counted',
      () => service.json<Metrics & { error?: string }>('/metrics'),
      settled(60),
    );
    t.match(metrics.balance, { counted: 60, deadLettered: 0, pending: 0 });
    t.ok(other.mostOpen() <= CONCURRENCY, `${other.mostOpen()} at once`);
    for (let customer = 0; customer < 5; customer += 1) {
      const own = other.calls.filter(({ order }) => order.product === `Item${customer}`);
      const numbers = own.map(({ order }) => Number(order.orderId.slice(2)));
      t.same(
        numbers,
        numbers.toSorted((a, b) => a - b),
        `customer ${customer} in order`,
      );
      t.ok(
        own.every(({ begun }, n) => n === 0 || own[n - 1]!.ended < begun),
        'and never two at once',
      );
    }
  },
);

t.test(
  'calls under way are shown apart from orders that wait for their next attempt',
  async (t) => {
    const { env, produce } = await withOrders(t, 10);
    const other = await withOtherSide(t, (order, _times, response) => {
      // Two are never answered.
      if (Number(order.orderId.slice(2)) >= 2) response.writeHead(503).end();
    });
    const hour = '3600000';
    const patient = {
      HANDLER_TIMEOUT_MS: hour,
      RETRY_BACKOFF_MS: hour,
      RETRY_MAX_BACKOFF_MS: hour,
    };
    const service = await withService(t, { ...env, ...patient, HANDLER_URL: other.url });
    await produce();
    const { work } = await until(
      'all have been tried',
      () => service.json<Snapshot>('/api/snapshot'),
      ({ work: [first] }) => first?.retrying === 8,
    );
    t.match(work, [{ partition: 0, inFlight: 2, retrying: 8, givenUp: 0 }]);
  },
);

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import type { Order } from '../../server/orders/order.ts';
import { createPostHandler } from '../../server/orders/post-order.ts';
import type { Handle } from '../../server/task/calls.ts';
import { classify } from '../../server/task/failure.ts';
import { freePort } from '../fixtures/free-port.ts';
import { someOrder } from '../fixtures/some-order.ts';

const order = someOrder({ price: 2.5 });
const place = { topic: 'orders', partition: 2, offset: 41, attempt: 1 };
const never = new AbortController().signal;

async function withServer(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`;
}

async function failureOf(work: ReturnType<Handle<Order>>): Promise<unknown> {
  try {
    return (await work) ?? null;
  } catch (error) {
    return error;
  }
}

t.test('an order is posted once, as JSON, with a key that names it', async (t) => {
  const seen: unknown[] = [];
  const url = await withServer(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push([request.method, request.headers['idempotency-key'], JSON.parse(body)]);
    response.writeHead(204).end();
  });
  await createPostHandler(url)(order, place, never);
  t.same(seen, [['POST', '"orders/2/41"', order]]);
});

t.test('a status decides what becomes of it', async (t) => {
  let status = 500;
  const url = await withServer(t, (_request, response) => {
    response.writeHead(status, { 'retry-after': '7', location: '/elsewhere' }).end('no');
  });
  const kinds: [number, unknown][] = [
    [500, { kind: 'transient', retryAfterMs: 7000 }],
    [429, { kind: 'transient', retryAfterMs: 7000 }],
    [422, { kind: 'permanent' }],
    [302, { kind: 'transient' }],
  ];
  for (const [answer, kind] of kinds) {
    status = answer;
    const error = await failureOf(createPostHandler(url)(order, place, never));
    t.match(classify(error, 0), kind, `${answer}`);
  }
});

t.test('an end from outside ends the request', async (t) => {
  let arrived = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const url = await withServer(t, () => arrived());
  const controller = new AbortController();
  const failing = failureOf(createPostHandler(url)(order, place, controller.signal));
  await arrival;
  controller.abort(new DOMException('too long', 'TimeoutError'));
  t.match(await failing, { name: 'TimeoutError' });
});

t.test('nobody there is a failure that may pass', async (t) => {
  const error = await failureOf(
    createPostHandler(`http://127.0.0.1:${await freePort()}`)(order, place, never),
  );
  t.match(classify(error, 0), { kind: 'transient' });
});

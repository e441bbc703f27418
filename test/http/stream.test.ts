import type { Socket } from 'node:net';
import t from 'tap';
import { build, listen, parseEvents, rawClient, turn, unchunk } from '../fixtures/http.ts';

const get = (path: string, ...headers: string[]) =>
  ['GET ', path, ' HTTP/1.1\r\nHost: localhost\r\n', ...headers, '\r\n'].join('');

/** The body of an answer, without its head. */
const bodyOf = (bytes: Buffer) => bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
const eventsOf = (bytes: Buffer) => parseEvents(unchunk(bodyOf(bytes)));
const hasEvents = (count: number) => (bytes: Buffer) => eventsOf(bytes).length >= count;

t.test('a stream is retry, snapshot and deltas in chunked framing', async (t) => {
  const { app, source, clock } = await build(t);
  const port = await listen(app);
  source.order('Item1', 10);
  const client = rawClient(t, port, get('/stream', 'Accept: text/event-stream\r\n'));
  await client.until(hasEvents(1));
  source.order('Item1', 30);
  clock.advance(100);
  const bytes = await client.until(hasEvents(2));

  const head = bytes.toString('latin1', 0, bytes.indexOf('\r\n\r\n'));
  t.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  t.match(head, /^Content-Type: text\/event-stream; charset=utf-8\r$/m);
  t.match(head, /^Cache-Control: no-store, no-transform\r$/m);
  t.match(head, /^X-Accel-Buffering: no\r$/m);
  t.match(head, /^x-content-type-options: nosniff\r$/im);
  t.match(bodyOf(bytes).toString(), /^d\r\nretry: 1000\n\n\r\n/);
  const [snapshot, delta] = eventsOf(bytes);
  t.match(snapshot, { event: 'snapshot', id: '1700000000000-1' });
  t.match(delta, { event: 'delta', id: '1700000000000-2', data: { base: 1, seq: 2 } });
  t.equal(delta?.data.metrics?.totalCount, 2);
});

t.test('a listed page may stream from another origin', async (t) => {
  const { app } = await build(t);
  const port = await listen(app);
  const client = rawClient(t, port, get('/stream', 'Origin: http://localhost:5173\r\n'));
  const bytes = await client.until(hasEvents(1));
  t.match(bytes.toString(), /access-control-allow-origin: http:\/\/localhost:5173\r\n/i);
});

t.test('who wants no events gets none', async (t) => {
  const { app } = await build(t);
  const port = await listen(app);
  const refused = async (request: string, status: number) => {
    const bytes = await rawClient(t, port, request).end();
    t.match(bytes.toString(), new RegExp(`^HTTP/1\\.1 ${status} `), request);
  };
  await refused(get('/stream', 'Accept: application/json\r\n', 'Connection: close\r\n'), 406);
  await refused('HEAD /stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 405);
});

t.test('HTTP/1.0 gets a stream without chunks, with Host or without', async (t) => {
  for (const host of ['Host: localhost\r\n', '', 'Host: localhost\r\nConnection: keep-alive\r\n']) {
    const { app, source, clock } = await build(t);
    const port = await listen(app);
    const client = rawClient(t, port, `GET /stream HTTP/1.0\r\n${host}\r\n`);
    const plain = (bytes: Buffer) => parseEvents(bodyOf(bytes).toString());
    await client.until((bytes) => plain(bytes).length === 1);
    source.order('Item1', 30);
    clock.advance(100);
    const bytes = await client.until((bytes) => plain(bytes).length === 2);
    const head = bytes.toString('latin1', 0, bytes.indexOf('\r\n\r\n'));
    t.notMatch(head, /transfer-encoding/i);
    t.match(head, /^connection: close\r?$/im);
    t.match(bodyOf(bytes).toString(), /^retry: 1000\n\nevent: snapshot\n/);
    await app.close();
    t.ok((await client.end()).toString().endsWith('}\n\n'), 'the end of the connection is the end');
  }
});

t.test('beyond the limit a stream is refused until one has gone', async (t) => {
  const { app } = await build(t, { limits: { clients: 10, perAddress: 2 } });
  const port = await listen(app);
  const first = rawClient(t, port, get('/stream'));
  await first.until(hasEvents(1));
  await rawClient(t, port, get('/stream')).until(hasEvents(1));
  const refused = await rawClient(t, port, get('/stream', 'Connection: close\r\n')).end();
  t.match(refused.toString(), /^HTTP\/1\.1 503 /);
  t.match(refused.toString(), /^retry-after: 10\r$/im);
  t.match(refused.toString(), /TOO_MANY_STREAMS/);
  first.socket.destroy();
  // The server learns of it by an event of its own: ask until it has.
  for (;;) {
    const next = rawClient(t, port, get('/stream'));
    const bytes = await next.until((bytes) => bytes.includes('\r\n\r\n'));
    if (bytes.toString().startsWith('HTTP/1.1 200 ')) break;
    next.socket.destroy();
  }
});

t.test('a request pipelined before a stream is answered, the stream refused', async (t) => {
  const { app } = await build(t);
  const port = await listen(app);
  const requests = get('/metrics') + get('/stream', 'Connection: close\r\n');
  const bytes = await rawClient(t, port, requests).end();
  const statuses = bytes.toString().match(/HTTP\/1\.1 \d+/g);
  t.same(statuses, ['HTTP/1.1 200', 'HTTP/1.1 400']);
});

t.test('bytes after the request end the stream instead of getting into it', async (t) => {
  const { app } = await build(t);
  const port = await listen(app);
  const client = rawClient(t, port, get('/stream'));
  await client.until(hasEvents(1));
  client.socket.write('\0\0 this is not HTTP\r\n\r\n');
  t.notMatch((await client.end()).toString(), /400/);
});

t.test('a reader that stops keeps one frame at most and does not hold up others', async (t) => {
  const { app, source, clock } = await build(t);
  const sockets: Socket[] = [];
  app.server.on('connection', (socket) => sockets.push(socket));
  const port = await listen(app);
  // Two megabytes per message: the buffers of the kernel are full after a few.
  const names = Array.from({ length: 200 }, (_, i) => `${i}`.padEnd(10_000, 'x'));
  const orders = () => {
    for (const name of names) source.order(name, 1);
    clock.advance(100);
  };
  const end = Buffer.from('\n\n\r\n');
  /** Has the whole message that says so. */
  const total = (count: number) => (bytes: Buffer) =>
    bytes.subarray(-4).equals(end) && bytes.includes(`"totalCount":${count},`);

  orders();
  const slow = rawClient(t, port, get('/stream'));
  await slow.until((bytes) => bytes.length > 0);
  slow.socket.pause();
  const healthy = rawClient(t, port, get('/stream'));
  await healthy.until(total(200));
  const [toSlow, toHealthy] = sockets as [Socket, Socket];
  let most = 0;
  for (let i = 2; i <= 10; i++) {
    orders();
    await healthy.until(total(200 * i));
    // What its kernel has taken is not yet said to be gone.
    while (toHealthy.writableLength > 0) await turn();
    most = Math.max(most, toSlow.writableLength);
  }
  t.ok(most > 0, 'the reader is behind');
  t.ok(most < 100_000, 'by a piece of one frame');

  slow.socket.resume();
  await slow.until((bytes) => eventsOf(bytes).length > 0 && toSlow.writableLength === 0);
  orders();
  const events = eventsOf(await slow.until(total(2200)));
  t.notOk(
    events.some((event) => event.data.metrics?.totalCount === 2000),
    'not all there were',
  );
  await slow.until((bytes) => eventsOf(bytes).at(-1)?.data.metrics?.totalCount === 2200);
  t.equal(eventsOf(slow.received()).at(-1)?.event, 'snapshot');
});

t.test('closing ends a hundred streams and idle connections', async (t) => {
  const { app } = await build(t, { limits: { clients: 200, perAddress: 200 } });
  const port = await listen(app);
  const streams = Array.from({ length: 100 }, () => rawClient(t, port, get('/stream')));
  await Promise.all(streams.map((client) => client.until(hasEvents(1))));
  const idle = Array.from({ length: 10 }, () => rawClient(t, port, get('/metrics')));
  await Promise.all(idle.map((client) => client.until((bytes) => bytes.includes('asOf'))));
  await app.close();
  for (const client of streams) t.ok((await client.end()).toString().endsWith('\r\n0\r\n\r\n'));
  await Promise.all(idle.map((client) => client.end()));
});

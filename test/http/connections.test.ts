import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { countedAs, createAddressList } from '../../server/http/address.ts';
import { createHolds } from '../../server/http/holds.ts';
import { build, listen, rawClient } from '../fixtures/http.ts';

const get = (path: string, headers = '') =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;

t.test('a connection with more than 16 unanswered requests is closed', async (t) => {
  const { app, source } = await build(t);
  let asked = 0;
  const { wholeMetrics } = source;
  source.wholeMetrics = () => {
    asked += 1;
    return wholeMetrics();
  };
  const port = await listen(app);
  const few = rawClient(
    t,
    port,
    get('/metrics').repeat(15) + get('/metrics', 'Connection: close\r\n'),
  );
  t.equal((await few.end()).toString().match(/HTTP\/1\.1 200/g)?.length, 16);
  asked = 0;
  const many = connect(port, '127.0.0.1');
  many.on('error', () => {}).resume();
  many.write(get('/metrics').repeat(10_000));
  await new Promise((resolve) => many.once('close', resolve));
  t.ok(asked <= 17, `${asked} were worked on`);
});

t.test('who opens many connections and says nothing takes no room from others', async (t) => {
  const { app } = await build(t, { limits: { clients: 10, perAddress: 4 } });
  const port = await listen(app);
  const idle: Socket[] = [];
  const ended = new Set<Socket>();
  for (let i = 0; i < 600; i++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}).resume();
    socket.once('close', () => ended.add(socket));
    t.teardown(() => socket.destroy());
    await once(socket, 'connect');
    idle.push(socket);
    if (i % 20 > 0) continue;
    const answer = await rawClient(t, port, get('/metrics', 'Connection: close\r\n')).end();
    t.match(answer.toString(), /^HTTP\/1\.1 200 /);
  }
  t.ok(app.server.listening);
  const open = await new Promise<number>((resolve) => {
    app.server.getConnections((_, count) => resolve(count));
  });
  t.ok(open <= 241, `${open} are open`);
  t.ok(ended.has(idle[0]!), 'the oldest made room');
  t.notOk(ended.has(idle.at(-1)!));
});

t.test('a stream is never closed to make room', async (t) => {
  const { app } = await build(t, { limits: { clients: 10, perAddress: 4 } });
  const port = await listen(app);
  const stream = rawClient(t, port, get('/stream'));
  await stream.until((bytes) => bytes.includes('event: snapshot'));
  for (let i = 0; i < 300; i++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}).resume();
    t.teardown(() => socket.destroy());
    await once(socket, 'connect');
  }
  t.notOk(stream.socket.closed);
});

t.test('behind a trusted proxy each client has streams of its own', async (t) => {
  const limits = { clients: 10, perAddress: 1 };
  const trusting = await build(t, { limits, trustProxy: ['127.0.0.0/8'] });
  const port = await listen(trusting.app);
  const ask = async (port: number, forwarded: string) => {
    const client = rawClient(t, port, get('/stream', `X-Forwarded-For: ${forwarded}\r\n`));
    return (await client.until((bytes) => bytes.includes('\r\n\r\n'))).toString().slice(9, 12);
  };
  t.equal(await ask(port, '10.0.0.1'), '200');
  t.equal(await ask(port, '10.0.0.2'), '200');
  t.equal(await ask(port, '10.0.0.1'), '503');
  t.equal(
    await ask(port, '10.9.9.9, 10.0.0.1'),
    '503',
    'what the client wrote itself is not believed',
  );
  const wary = await build(t, { limits });
  const other = await listen(wary.app);
  t.equal(await ask(other, '10.0.0.1'), '200');
  t.equal(await ask(other, '10.0.0.2'), '503');
});

t.test('what Node answers by itself has the safe headers too', async (t) => {
  const { app } = await build(t);
  app.server.maxRequestsPerSocket = 2;
  const port = await listen(app);
  const requests = get('/health/live').repeat(2) + get('/health/live', 'Connection: close\r\n');
  const answer = (await rawClient(t, port, requests).end()).toString();
  t.match(answer, /HTTP\/1\.1 503 /);
  for (const head of answer.match(/HTTP\/1\.1 [2-5][\s\S]*?\r\n\r\n/g) ?? []) {
    t.match(head, /x-content-type-options: nosniff/i);
    t.match(head, /content-security-policy: default-src 'none'/i);
  }
});

t.test('an address is counted as who can have it', async (t) => {
  t.equal(countedAs('::ffff:10.0.0.1'), '10.0.0.1');
  t.equal(countedAs('10.0.0.1'), '10.0.0.1');
  t.equal(countedAs('2001:db8:1:2:3:4:5:6'), countedAs('2001:db8:1:2::9'));
  t.not(countedAs('2001:db8:1:2::1'), countedAs('2001:db8:1:3::1'));
  t.equal(countedAs('::1'), '0:0:0:0::/64');
  t.equal(countedAs('fe80::1%eth0'), 'fe80:0:0:0::/64');
  t.equal(countedAs('anything'), 'anything');
  const isProxy = createAddressList(['10.0.0.0/8', '2001:db8::1', 'loopback']);
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::1', '127.0.0.9', '::1']) {
    t.ok(isProxy(address), address);
  }
  for (const address of ['11.0.0.1', '2001:db8::2', '', 'x']) t.notOk(isProxy(address), address);
});

t.test('what many are sent is held once, and let go when the last has it', async (t) => {
  const { hold } = createHolds(100);
  const [a, b] = [{}, {}];
  const first = hold(a, 80);
  const second = hold(a, 80);
  t.ok(first && second);
  t.equal(hold(b, 30), null);
  first?.();
  first?.();
  t.equal(hold(b, 30), null, 'the second still has it');
  second?.();
  const large = hold(b, 1000);
  t.ok(large, 'what is larger than the room is sent alone');
  t.equal(hold(a, 1), null);
  large?.();
  t.ok(hold(a, 1));
});

import { once } from 'node:events';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { createIncidents } from '../../server/dev-broker/incidents.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { createHeardLogger } from '../fixtures/heard-logger.ts';

t.test('what goes on is said once, and now and then how often', async (t) => {
  const logger = createHeardLogger();
  let time = 0;
  const { report, tick } = createIncidents(logger, () => time);
  for (let i = 0; i < 1000; i++) {
    time += 1;
    report('refused', { i });
    tick();
  }
  report('another');
  t.same(logger.lines, [
    'warn: embedded broker: refused {"i":0}',
    'warn: embedded broker: another {}',
  ]);
  time += 30_000;
  tick();
  t.same(logger.lines.slice(2), ['warn: embedded broker: refused {"i":999,"again":999}']);
  time += 30_000;
  tick();
  tick();
  t.equal(logger.lines.length, 3, 'nothing is said of what has come to an end');
  report('refused', { i: 5 });
  t.equal(logger.lines.at(-1), 'warn: embedded broker: refused {"i":5}', 'and then it begins anew');
});

/** Sends bytes to a broker and waits until it closes. */
async function sendUntilClosed(port: number, bytes: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  socket.write(bytes);
  await once(socket, 'close');
}

async function withBroker(t: Test) {
  const logger = createHeardLogger();
  const { port } = await withDevBroker(t, null, { logger });
  logger.lines.splice(0);
  return { port, logger };
}

/** A request of nothing but a header. */
function request(key: number, version: number, rest = ''): Buffer {
  const bytes = Buffer.alloc(14);
  bytes.writeInt32BE(10 + rest.length / 2);
  bytes.writeInt16BE(key, 4);
  bytes.writeInt16BE(version, 6);
  bytes.writeInt16BE(-1, 12);
  return Buffer.concat([bytes, Buffer.from(rest, 'hex')]);
}

t.test('the log says why a connection was closed, once for each reason', async (t) => {
  const { port, logger } = await withBroker(t);
  const tls = Buffer.from('16030100aa010000a6030300', 'hex');
  const cases: [bytes: Buffer, said: RegExp][] = [
    [tls, /it speaks TLS/],
    [Buffer.from('GET / HTTP/1.1\r\n\r\n'), /it speaks HTTP/],
    [
      Buffer.from('7fffffff', 'hex'),
      /a request of a size that cannot be.*"bytes":2147483647,"most":\d+/,
    ],
    [request(999, 0), /a request that is not known.*"api":999,"version":0/],
    [request(3, 99), /a request that is not known.*"api":"Metadata","version":99/],
    [request(12, 0), /a request that cannot be read.*"api":"Heartbeat","version":0/],
  ];
  for (const [bytes] of cases) for (let i = 0; i < 3; i++) await sendUntilClosed(port, bytes);
  const reasons = new Set(cases.map(([, said]) => String(said).split('.*')[0]));
  t.equal(logger.lines.length, reasons.size, logger.lines.join('\n'));
  for (const [, said] of [...cases.slice(0, 4), cases[5]!]) {
    t.ok(
      logger.lines.some((line) => said.test(line)),
      `${said}`,
    );
  }
});

t.test('a crowd at the door is one line', async (t) => {
  const { port, logger } = await withBroker(t);
  const sockets = Array.from({ length: 150 }, () => connect(port, '127.0.0.1'));
  t.teardown(() => sockets.forEach((socket) => void socket.destroy()));
  let left = 50;
  await new Promise<void>((done) => {
    for (const socket of sockets) {
      socket.on('error', () => {});
      socket.on('close', () => --left === 0 && done());
      socket.resume();
    }
  });
  t.match(logger.lines, [/connection refused: there are too many {"limit":100}/]);
  t.equal(logger.lines.length, 1);
});

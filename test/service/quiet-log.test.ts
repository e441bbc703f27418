// What the log of a running service says while Kafka is gone: one line, and no secret.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t, { type Test } from 'tap';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { withService } from '../fixtures/service.ts';
import { until } from '../fixtures/until.ts';

type Line = { level: number; msg: string };
const INFO = 30;

/** A port that takes connections and closes them; it counts how often somebody tried. */
async function withClosingPort(t: Test, port = 0) {
  let tries = 0;
  const server = createServer((socket) => {
    tries += 1;
    socket.on('error', () => {});
    socket.destroy();
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port, tries: async () => tries };
}

/** Lines that are not for who looks closer. */
const told = (lines: readonly string[]) =>
  lines.map((line) => JSON.parse(line) as Line).filter(({ level }) => level >= INFO);

t.test('a service that never reached Kafka tries often and says it once', async (t) => {
  const { port, tries } = await withClosingPort(t);
  const { lines, get } = await withService(t, {
    KAFKA_BROKERS: `127.0.0.1:${port}`,
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_USERNAME: 'orders',
    KAFKA_PASSWORD: 'hunter2',
    ADMIN_TOKEN: 'hunter2'.repeat(5),
    LOG_LEVEL: 'debug',
  });
  await until('it has tried', tries, (count) => count >= 12);
  const warned = told(lines);
  t.ok(warned.length <= 4, `${warned.length} lines for 12 attempts`);
  t.match(warned.map(({ msg }) => msg).join(), /Kafka is unreachable at 127\.0\.0\.1/);
  t.notMatch(lines.join(), /hunter2|aHVudGVyMg/, 'in no line, whatever its level');
  t.equal((await get('/health/live')).status, 200, 'no restart would mend it');
  const { status } = await get('/health/ready');
  t.equal(status, 503);
});

t.test('a service whose Kafka went away says it once', async (t) => {
  const broker = await withDevBroker(t);
  const { lines, get } = await withService(t, { KAFKA_BROKERS: broker.address });
  const isReady = async () => (await get('/health/ready')).status;
  await until('it is ready', isReady, (status) => status === 200);
  const before = told(lines).length;
  await broker.close();
  const { tries } = await withClosingPort(t, broker.port);
  await until('it has tried', tries, (count) => count >= 12);
  await until('it is not ready', isReady, (status) => status === 503);
  const after = told(lines).slice(before);
  t.ok(after.length <= 4, `${after.length}: ${after.map(({ msg }) => msg).join('; ')}`);
  t.equal((await get('/health/live')).status, 200);
});

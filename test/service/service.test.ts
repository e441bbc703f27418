// The service in this process on the embedded broker: what it says of itself while things go wrong.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t, { type Test } from 'tap';
import { loadConfig } from '../../server/config.ts';
import { startDevBroker } from '../../server/dev-broker/broker.ts';
import { AppError } from '../../server/errors.ts';
import type { TaskGround } from '../../server/service/own-tasks.ts';
import { createService, type Service } from '../../server/service/service.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { freePort } from '../fixtures/free-port.ts';
import { createKafkajsClient } from '../fixtures/kafkajs-client.ts';
import { type NotingLogger, notingLogger } from '../fixtures/noting-logger.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import { until } from '../fixtures/until.ts';

type World = { service: Service; logger: NotingLogger; line(pattern: RegExp): Promise<string> };

/** A service that starts now and stops at the end of the test. */
function withOwnService(
  t: Test,
  brokers: string,
  env: Record<string, string> = {},
  wrap?: (ground: TaskGround) => TaskGround,
): World {
  const waiting = new Set<() => void>();
  const logger = notingLogger(() => {
    for (const look of waiting) look();
  });
  const service = createService({
    config: loadConfig({ FAILURE_RATE: '0', ...env }),
    brokers: [brokers],
    embedded: false,
    logger,
    onCrash: (error) => t.fail(error.message),
    ...(wrap && { wrap }),
  });
  t.teardown(() => service.stop());
  void service.start();
  return {
    service,
    logger,
    line: (pattern) =>
      new Promise((resolve) => {
        const look = () => {
          const found = logger.lines.find((line) => pattern.test(line));
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

const ready = (service: Service) =>
  until(
    'the service is ready',
    async () => service.overview.status(),
    ({ phase }) => phase === 'ready',
  );

const anOrder = (n: number) => ({
  key: Buffer.from('k'),
  value: encodeSomeOrder({ orderId: `o${n}`, product: 'Lamp', price: 1 }),
});

t.test('a Kafka that is away at the start is told once, and once when it is there', async (t) => {
  const port = await freePort();
  const brokers = `127.0.0.1:${port}`;
  let closeBroker = async () => {};
  // Before the service, because what is set up last is taken down first: its last words need a broker.
  t.teardown(() => closeBroker());
  const { service, logger, line } = withOwnService(t, brokers);
  t.match(await line(/unreachable/), new RegExp(`^warn: .* at ${brokers} .*ECONNREFUSED`));
  t.match(service.overview.status().kafka, { up: false, error: /ECONNREFUSED/ });
  const settings = { port, directory: null, environment: 'test', logger: silentLogger };
  closeBroker = (await startDevBroker(settings)).close;
  await ready(service);
  await line(/info: Kafka answers at/);
  const others = logger.lines.filter((each) => !/unreachable|answers/.test(each));
  t.same(others, ['info: joined the group']);
  t.equal(logger.lines.length, 3, logger.lines.join('\n'));
});

t.test('a port that accepts and closes is told once', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {}).on('data', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { line, logger } = withOwnService(t, `127.0.0.1:${port}`);
  t.match(await line(/unreachable/), /Closed connection/);
  t.equal(logger.lines.length, 1);
});

t.test('a partition that is full, stuck and not written down still shows its lag', async (t) => {
  const { address } = await withDevBroker(t);
  const refused = new AppError('APPEND_FAILED', 'NOT_ENOUGH_REPLICAS (19)', true);
  let refuses = true;
  const wrap = (ground: TaskGround): TaskGround => ({
    ...ground,
    writer: {
      append: (...append) => (refuses ? Promise.reject(refused) : ground.writer.append(...append)),
    },
    handle: () => new Promise(() => {}),
  });
  const { service, line } = withOwnService(t, address, { PARTITIONS: '1', MAX_PENDING: '1' }, wrap);
  await ready(service);
  const client = createKafkajsClient(address);
  const lagIs = (wanted: number) =>
    until(
      `the lag is ${wanted}`,
      async () => service.overview.read().lag,
      ([first]) => first?.lag === wanted,
    );
  await client.produce('orders', [1, 2, 3].map(anOrder));
  await lagIs(3);
  await client.produce('orders', [4, 5].map(anOrder));
  await lagIs(5);

  const { reasons, notes } = await until(
    'it is not ready',
    async () => service.overview.status(),
    ({ phase, notes }) => phase === 'not-ready' && notes.length === 2,
  );
  t.match(reasons, [/^order-consumer-group-checkpoints\[0\] cannot be written.*REPLICAS \(19\)$/]);
  t.match(notes.join('\n'), /works on offset 0 of orders\[0\]/);
  t.match(notes.join('\n'), /orders\[0\] is full/);
  await line(/warn: .*cannot be written/);
  refuses = false;
  await line(/info: .* is written again/);
  await ready(service);
});

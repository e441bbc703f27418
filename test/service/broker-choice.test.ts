import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t, { type Test } from 'tap';
import { startDevBroker } from '../../server/dev-broker/broker.ts';
import { probeKafka } from '../../server/dev-broker/probe.ts';
import { chooseBroker } from '../../server/service/broker-choice.ts';
import { missingKafka, portTaken } from '../../server/service/embedded-broker.ts';
import { withDevBroker, withRawClient } from '../fixtures/dev-broker.ts';
import { freePort } from '../fixtures/free-port.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

const settings = {
  brokers: null,
  partitions: 3,
  environment: 'test',
  directory: null,
  logger: silentLogger,
};

/** Something that is no Kafka on a free port. */
async function withOther(t: Test, say: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.end(say));
  });
  t.teardown(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

t.test('who is there is found out by asking', async (t) => {
  const { port } = await withDevBroker(t);
  t.equal(await probeKafka('localhost', port), 'kafka');
  t.equal(await probeKafka('localhost', await freePort()), 'nothing');
  t.equal(
    await probeKafka('127.0.0.1', await withOther(t, 'HTTP/1.1 400 Bad Request\r\n')),
    'other',
  );
  t.equal(await probeKafka('127.0.0.1', await withOther(t, '')), 'other');
});

t.test('brokers that are named are taken, and none is started', async (t) => {
  const brokers = ['kafka.example:9092'];
  const port = await freePort();
  const choice = await chooseBroker({ ...settings, brokers, port });
  t.same(choice, { brokers, embedded: null });
  t.equal(await probeKafka('localhost', port), 'nothing');
});

t.test('without a Kafka here one is started, and found by the next', async (t) => {
  const port = await freePort();
  const first = await chooseBroker({ ...settings, port });
  t.teardown(() => first.embedded?.close());
  t.same(first.brokers, [`localhost:${port}`]);
  t.not(first.embedded, null);
  const second = await chooseBroker({ ...settings, port });
  t.same(second, { brokers: [`localhost:${port}`], embedded: null });
});

t.test('of two that start at once one starts, and both use it', async (t) => {
  const port = await freePort();
  const choices = await Promise.all([1, 2].map(() => chooseBroker({ ...settings, port })));
  for (const { embedded } of choices) t.teardown(() => embedded?.close());
  t.equal(choices.filter(({ embedded }) => embedded).length, 1);
});

t.test('a port that something else has is named, with what to do', async (t) => {
  const port = await withOther(t, 'HTTP/1.1 400 Bad Request\r\n');
  await t.rejects(chooseBroker({ ...settings, port }), {
    code: 'PORT_IN_USE',
    message: new RegExp(`port ${port} .*KAFKA_BROKERS`),
  });
  await t.rejects(startDevBroker({ ...settings, port }), { code: 'PORT_IN_USE' });
});

t.test('a generator without a Kafka is told what to start, or what to stop', async (t) => {
  t.match(await missingKafka(await freePort()), /^no Kafka at localhost:\d+; .*npm start/);
  const other = await withOther(t, 'HTTP/1.1 400 Bad Request\r\n');
  t.match(await missingKafka(other), /does not answer as Kafka does: stop it/);
  t.equal(await missingKafka((await withDevBroker(t)).port), null);
});

t.test('who has the port of a broker is told, with what to do', async (t) => {
  t.match(await portTaken((await withDevBroker(t)).port), /^an embedded broker runs on .*--port/);
  const other = await withOther(t, 'HTTP/1.1 400 Bad Request\r\n');
  t.match(await portTaken(other), /^port \d+ is taken by a program that does not .*--port/);
});

t.test('a folder that another broker has is told, with the setting', async (t) => {
  const directory = t.testdir();
  await withDevBroker(t, directory);
  await t.rejects(chooseBroker({ ...settings, port: await freePort(), directory }), {
    code: 'FOLDER_IN_USE',
    message: /another broker uses the folder .*BROKER_DATA/,
  });
});

t.test('in production there is no embedded broker', async (t) => {
  const port = await freePort();
  const production = { ...settings, environment: 'production', port };
  await t.rejects(chooseBroker(production), { code: 'PRODUCTION', message: /KAFKA_BROKERS/ });
  t.equal(await probeKafka('localhost', port), 'nothing');
});

t.test('a folder that cannot be is named', async (t) => {
  const directory = `${t.testdir({ file: '' })}/file`;
  await t.rejects(startDevBroker({ ...settings, port: 0, directory }), {
    code: 'FOLDER_UNUSABLE',
    message: new RegExp(directory),
  });
});

t.test('one connection too many is closed, the others go on', async (t) => {
  const { port } = await withDevBroker(t);
  const clients = await Promise.all(Array.from({ length: 100 }, () => withRawClient(t, port)));
  const last = await withRawClient(t, port);
  t.equal(await last.send(Buffer.from('')), null);
  t.match(await clients[99]!.ask('ListGroups', {}), { error: 0 });
});

t.test('a thousand partitions there may be, not more', async (t) => {
  const { port } = await withDevBroker(t);
  const client = await withRawClient(t, port);
  const create = (name: string, partitions: number) =>
    client.ask('CreateTopics', {
      topics: [{ name, partitions, replicationFactor: 3, assignments: [], config: [] }],
      timeout: 0,
      dryRun: false,
    });
  t.match(await create('a', 999), { results: [{ error: 0 }] });
  t.match(await create('b', 2), { results: [{ error: 44 }] });
  t.match(await create('b', 1), { results: [{ error: 0 }] });
  const grown = {
    topics: [{ name: 'b', partitions: 2, assignments: null }],
    timeout: 0,
    dryRun: false,
  };
  t.match(await client.ask('CreatePartitions', grown), { results: [{ error: 44 }] });
});

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { createKafka } from '../../server/kafka/client.ts';
import { createCluster, findLeader } from '../../server/kafka/cluster.ts';
import type { Exchange } from '../../server/kafka/exchange.ts';
import { NO_RIGHT } from '../../server/kafka/kafkajs-error.ts';
import { newer } from '../../server/kafka/metadata.ts';
import { createWireReader, createWireWriter } from '../../server/kafka/wire.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

const API_VERSIONS = 18;
const METADATA = 3;

/** Answers what it is told to, to everything but ApiVersions and Metadata; null is silence. */
async function withHandBroker(t: Test) {
  const broker = { answer: Buffer.alloc(0) as Buffer | null, connections: 0, leader: 1 };
  const server = createServer((socket: Socket) => {
    broker.connections += 1;
    socket.on('error', () => {});
    socket.on('data', (frame) => {
      const reader = createWireReader(frame.subarray(4));
      const key = reader.int16();
      reader.int16();
      const id = reader.int32();
      const body =
        key === API_VERSIONS ? apiVersions() : key === METADATA ? metadata() : broker.answer;
      if (body === null) return;
      const writer = createWireWriter();
      writer.int32(4 + body.length);
      writer.int32(id);
      writer.raw(body);
      socket.write(writer.finish());
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;

  function apiVersions(): Buffer {
    const writer = createWireWriter();
    writer.int16(0);
    writer.array([API_VERSIONS, METADATA], (key) => {
      writer.int16(key);
      writer.int16(0);
      writer.int16(6);
    });
    writer.int32(0);
    return writer.finish();
  }

  /** Version 5: this broker, and a topic `t` of two partitions, of which one has no leader. */
  function metadata(): Buffer {
    const writer = createWireWriter();
    writer.int32(0);
    writer.array([1], () => {
      writer.int32(1);
      writer.string('127.0.0.1');
      writer.int32(port);
      writer.string(null);
    });
    writer.string(null);
    writer.int32(1);
    writer.array(['t', 'secret'], (topic) => {
      writer.int16(topic === 't' ? 0 : 29);
      writer.string(topic);
      writer.int8(0);
      writer.array(topic === 't' ? [0, 1] : [], (partition) => {
        writer.int16(partition === 0 ? 0 : 5);
        writer.int32(partition);
        writer.int32(partition === 0 ? 1 : -1);
        for (let list = 0; list < 3; list += 1) writer.array([], () => {});
      });
    });
    return writer.finish();
  }

  const options = { clientId: 'test', logger: silentLogger };
  const cluster = createCluster(createKafka({ brokers: [`127.0.0.1:${port}`], ...options }));
  t.teardown(() => cluster.close());
  return { broker, cluster };
}

const exchange = <T>(read: Exchange<T>['read'], silenceMs = 1000): Exchange<T> => ({
  api: { key: 2, version: 4, name: 'ListOffsets' },
  silenceMs,
  body: Buffer.alloc(0),
  read,
});

t.test(
  'errors are those of one topic or one partition, the others have their leader',
  async (t) => {
    const { cluster } = await withHandBroker(t);
    const tp = (partition: number, topic = 't') => ({ topic, partition });
    t.equal(cluster.leader(tp(0)), null);
    t.equal(cluster.whyNoLeader(tp(0)), 'its metadata was not had yet');
    t.same(await findLeader(cluster, tp(0)), { node: '1', epoch: -1 });
    for (const [where, why] of [
      [tp(1), 'no leader: LEADER_NOT_AVAILABLE (5)'],
      [tp(2), 't has only 2 partitions'],
      [tp(0, 'secret'), `TOPIC_AUTHORIZATION_FAILED (29)${NO_RIGHT}`],
    ] as const) {
      await t.rejects(findLeader(cluster, where), { code: 'NO_LEADER', retriable: true });
      t.equal(cluster.whyNoLeader(where), why);
    }
  },
);

t.test('a broker that falls silent is given up, and asked on another connection', async (t) => {
  const { broker, cluster } = await withHandBroker(t);
  await cluster.refresh(['t']);
  broker.answer = null;
  const { connections } = broker;
  await t.rejects(
    cluster.send(
      '1',
      exchange(() => 'answered', 20),
    ),
    {
      code: 'KAFKA',
      message: /no answer within 20 ms/,
      retriable: true,
    },
  );
  broker.answer = Buffer.alloc(4);
  t.equal(
    await cluster.send(
      '1',
      exchange(() => 'answered'),
    ),
    'answered',
  );
  t.equal(broker.connections, connections + 1);
});

t.test(
  'a mistake in reading an answer stays what it is, one inside kafkajs is the world',
  async (t) => {
    const { broker, cluster } = await withHandBroker(t);
    await cluster.refresh(['t']);
    broker.answer = Buffer.alloc(4);
    const mistake = exchange(() => {
      throw new TypeError('x is not a function');
    });
    await t.rejects(cluster.send('1', mistake), TypeError);
    const noBody = { ...exchange(() => 1), body: null as unknown as Buffer };
    await t.rejects(cluster.send('1', noBody), { code: 'KAFKA', retriable: true });
  },
);

t.test(
  'of two answers the one with the newer epoch counts, unless the topic is a new one',
  async (t) => {
    const topic = (id: string | null, epoch: number, leader: number) => ({
      topic: 't',
      error: 0,
      id,
      partitions: [{ partition: 0, error: 0, leader, epoch, replicas: 1 }],
    });
    const leads = (before: [string | null, number], now: [string | null, number]) =>
      newer(topic(...before, 1), topic(...now, 2)).partitions[0]?.leader;
    t.equal(leads(['a', 5], ['a', 6]), 2);
    t.equal(leads(['a', 5], ['a', 5]), 2);
    t.equal(leads(['a', 5], ['a', 4]), 1, 'a broker that has not heard of the election');
    t.equal(leads(['a', 5], ['b', 0]), 2, 'a topic that was created anew');
    t.equal(leads([null, 5], [null, 4]), 2, 'nobody can tell');
    t.equal(leads(['a', 5], ['a', -1]), 2);
  },
);

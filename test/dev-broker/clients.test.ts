// Programs that were not written for this broker.
import kafkajs from 'kafkajs';
import t, { type Test } from 'tap';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { withKcat } from '../fixtures/kcat.ts';

const { Kafka, logLevel, CompressionTypes, Partitioners } = kafkajs;

function connect(brokers: string) {
  return new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING, clientId: 'test' });
}

async function withProducer(t: Test, brokers: string) {
  const createPartitioner = Partitioners.DefaultPartitioner;
  const producer = connect(brokers).producer({ createPartitioner });
  t.teardown(() => producer.disconnect());
  await producer.connect();
  return producer;
}

async function withAdmin(t: Test, brokers: string) {
  const admin = connect(brokers).admin();
  t.teardown(() => admin.disconnect());
  await admin.connect();
  return admin;
}

/** A consumer of kafkajs as its manual shows it, and what it has seen. */
async function withConsumer(t: Test, brokers: string, groupId: string, topic: string) {
  const consumer = connect(brokers).consumer({ groupId, maxWaitTimeInMs: 50 });
  t.teardown(() => consumer.disconnect());
  const values: string[] = [];
  const waiting: { count: number; done: () => void }[] = [];
  const joins: number[][] = [];
  const joined: { wanted: string; done: () => void }[] = [];
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    joins.push(payload.memberAssignment[topic] ?? []);
    for (const each of joined) if (each.wanted === JSON.stringify(joins.at(-1))) each.done();
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommitThreshold: 1,
    eachMessage: async ({ message }) => {
      values.push(String(message.value));
      for (const { count, done } of waiting) if (values.length >= count) done();
    },
  });
  return {
    consumer,
    values,
    joins,
    /** Resolves when so many records have come. */
    count: (count: number) =>
      new Promise<void>((done) =>
        values.length >= count ? done() : waiting.push({ count, done }),
      ),
  };
}

t.test('kafkajs consumes what it produced, and goes on where it committed', async (t) => {
  const { address } = await withDevBroker(t);
  const admin = await withAdmin(t, address);
  await admin.createTopics({ topics: [{ topic: 'k', numPartitions: 2 }] });
  const producer = await withProducer(t, address);
  const send = (from: number, count: number) =>
    producer.send({
      topic: 'k',
      compression: CompressionTypes.GZIP,
      messages: Array.from({ length: count }, (_, i) => ({
        value: `v${from + i}`,
        partition: i % 2,
      })),
    });
  await send(0, 100);
  const first = await withConsumer(t, address, 'g', 'k');
  await first.count(100);
  await first.consumer.disconnect();
  await send(100, 50);
  const second = await withConsumer(t, address, 'g', 'k');
  await second.count(50);
  t.same(
    [...first.values, ...second.values].sort(),
    Array.from({ length: 150 }, (_, i) => `v${i}`).sort(),
  );
  const offsets = await admin.fetchOffsets({ groupId: 'g', topics: ['k'] });
  t.match(offsets, [{ topic: 'k' }]);
});

t.test('two members share the partitions, and one takes over what the other leaves', async (t) => {
  const { address } = await withDevBroker(t);
  const admin = await withAdmin(t, address);
  await admin.createTopics({ topics: [{ topic: 'k', numPartitions: 4 }] });
  const first = await withConsumer(t, address, 'g', 'k');
  t.same(first.joins.at(-1)?.sort(), [0, 1, 2, 3]);
  const again = new Promise<void>((done) =>
    first.consumer.on(first.consumer.events.GROUP_JOIN, () => done()),
  );
  const second = await withConsumer(t, address, 'g', 'k');
  await again;
  t.same([...first.joins.at(-1)!, ...second.joins.at(-1)!].sort(), [0, 1, 2, 3]);
  t.equal(second.joins.at(-1)?.length, 2);
  const alone = new Promise<void>((done) =>
    second.consumer.on(second.consumer.events.GROUP_JOIN, () => done()),
  );
  await first.consumer.disconnect();
  await alone;
  t.same(second.joins.at(-1)?.sort(), [0, 1, 2, 3]);
  const { groups } = await admin.describeGroups(['g']);
  t.match(groups, [{ state: 'Stable', members: [{ clientId: 'test' }] }]);
});

t.test('the admin client of kafkajs manages topics, records and groups', async (t) => {
  const { address } = await withDevBroker(t);
  const admin = await withAdmin(t, address);
  const configEntries = [{ name: 'cleanup.policy', value: 'delete' }];
  const topic = { topic: 'k', numPartitions: 1, replicationFactor: 1, configEntries };
  t.equal(await admin.createTopics({ topics: [topic] }), true);
  t.equal(await admin.createTopics({ topics: [topic] }), false, 'it is there');
  await admin.createPartitions({ topicPartitions: [{ topic: 'k', count: 3 }] });
  const producer = await withProducer(t, address);
  const messages = Array.from({ length: 10 }, (_, i) => ({
    value: 'v',
    partition: 0,
    timestamp: `${i}`,
  }));
  await producer.send({ topic: 'k', messages });
  t.match(await admin.fetchTopicOffsetsByTimestamp('k', 4), [{ partition: 0, offset: '4' }]);
  await admin.fetchTopicOffsets('k');
  await admin.deleteTopicRecords({ topic: 'k', partitions: [{ partition: 0, offset: '7' }] });
  const partitions = await admin.fetchTopicOffsets('k');
  t.match(
    partitions.find(({ partition }) => partition === 0),
    { low: '7', high: '10' },
  );
  await admin.setOffsets({ groupId: 'g', topic: 'k', partitions: [{ partition: 0, offset: '8' }] });
  t.match(await admin.fetchOffsets({ groupId: 'g', topics: ['k'] }), [
    { partitions: [{ partition: 0, offset: '8' }] },
  ]);
  t.match(await admin.listGroups(), { groups: [{ groupId: 'g' }] });
  await admin.deleteGroups(['g']);
  t.same((await admin.listGroups()).groups, []);
  await admin.deleteTopics({ topics: ['k'] });
  t.same(await admin.listTopics(), []);
});

t.test('kcat writes with every codec and reads all of it back', async (t) => {
  const { address } = await withDevBroker(t);
  const kcat = await withKcat(t, address);
  if (!kcat) return;
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const records = Array.from({ length: 500 }, (_, i) => ({
      key: Buffer.from(`k${i}`),
      value: Buffer.from(`${codec} ${i}`.repeat(5)),
    }));
    await kcat.produce(`kcat-${codec}`, records, { codec });
    const read = await kcat.read(`kcat-${codec}`);
    t.same(
      read.map(({ value }) => String(value)),
      records.map(({ value }) => String(value)),
      codec,
    );
  }
});

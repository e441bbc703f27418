import kafkajs from 'kafkajs';
import t from 'tap';
import { metadataOf, withDevBroker, withRawClient } from '../fixtures/dev-broker.ts';
import { createHeardLogger } from '../fixtures/heard-logger.ts';
import { makeBatch } from '../fixtures/log-batches.ts';

const { Kafka, logLevel, Partitioners } = kafkajs;
const REFUSED = 53;
const UNKNOWN = 49;

t.test('who wants a transaction is refused at once, and the log says why', async (t) => {
  const logger = createHeardLogger();
  const { address } = await withDevBroker(t, null, { logger });
  const kafka = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING, clientId: 'shop' });
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    transactionalId: 'x',
  });
  t.teardown(() => producer.disconnect());
  await producer.connect();
  await t.rejects(producer.transaction(), { message: 'Transactional Id authorization failed' });
  await t.rejects(producer.transaction());
  const said = logger.lines.filter((line) => /transaction/.test(line));
  t.match(said, [/a transaction is refused: there are none here.*shop/]);
  t.equal(said.length, 1);
});

t.test('an idempotent producer gets an id in every version', async (t) => {
  const client = await withRawClient(t, (await withDevBroker(t)).port);
  const seen = new Set<number>();
  for (const version of [0, 1]) {
    const request = { transactionalId: null, timeout: 0 };
    const answer = await client.ask<{ producerId: number }>('InitProducerId', request, version);
    t.match(answer, { error: 0, epoch: 0 });
    seen.add(answer.producerId);
  }
  t.equal(seen.size, 2);
});

t.test('a transactional batch is refused in words, and is not written', async (t) => {
  const client = await withRawClient(t, (await withDevBroker(t)).port);
  await client.ask('Metadata', metadataOf('f'));
  const produce = (transactionalId: string | null, transactional: boolean) => {
    const ids = { producerId: 1, producerEpoch: 0, baseSequence: 0 };
    const batch = makeBatch(1, 10, 0, { ...ids, transactional });
    const topics = [{ name: 'f', partitions: [{ partition: 0, batch }] }];
    return client.ask('Produce', { transactionalId, acks: -1, timeout: 0, topics });
  };
  const refused = { error: REFUSED, message: /no transactions/, baseOffset: -1 };
  t.match(await produce(null, true), { topics: [{ partitions: [refused] }] });
  t.match(await produce('x', true), { topics: [{ partitions: [refused] }] });
  t.match(await produce('x', false), { topics: [{ partitions: [refused] }] });
  t.match(await produce(null, false), { topics: [{ partitions: [{ error: 0, baseOffset: 0 }] }] });
});

t.test('whoever goes on with a transaction is told that nobody knows it', async (t) => {
  const client = await withRawClient(t, (await withDevBroker(t)).port);
  await client.ask('Metadata', metadataOf('f'));
  const of = { transactionalId: 'x', producerId: 1, epoch: 0 };
  const refused = { topics: [{ partitions: [{ partition: 0, error: UNKNOWN }] }] };
  for (const version of [0, 1, 2]) {
    const added = { ...of, topics: [{ name: 'f', partitions: [0] }] };
    t.match(await client.ask('AddPartitionsToTxn', added, version), refused);
    const offsets = await client.ask('AddOffsetsToTxn', { ...of, group: 'g' }, version);
    t.match(offsets, { error: UNKNOWN });
    t.match(await client.ask('EndTxn', { ...of, commit: true }, version), { error: UNKNOWN });
    const partitions = [{ partition: 0, offset: 1, leaderEpoch: -1, metadata: null }];
    const commit = { ...of, group: 'g', topics: [{ name: 'f', partitions }] };
    t.match(await client.ask('TxnOffsetCommit', commit, version), refused);
  }
  const answer = await client.ask<{ ranges: { key: number }[] }>('ApiVersions', {
    software: 'test',
    softwareVersion: '1',
  });
  const told = answer.ranges.map(({ key }) => key);
  t.same(
    [24, 25, 26, 28].filter((key) => told.includes(key)),
    [],
    'and nothing of it is advertised',
  );
});

import t, { type Test } from 'tap';
import {
  encodeRequest,
  type RawClient,
  withDevBroker,
  withRawClient,
} from '../fixtures/dev-broker.ts';
import { makeBatch, rangesOf } from '../fixtures/log-batches.ts';

type Part = { partition: number; error: number; highWatermark: number; records: Buffer };
type Fetched = { error: number; topics: { name: string; partitions: Part[] }[] };

function fetchRequest(offsets: readonly number[], changes: object = {}) {
  const partitions = offsets.map((offset, partition) => ({
    partition,
    leaderEpoch: -1,
    offset,
    start: -1,
    maxBytes: 1_000_000,
  }));
  return {
    replica: -1,
    maxWait: 0,
    minBytes: 1,
    maxBytes: 1_000_000,
    isolation: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ name: 'f', partitions }],
    forgotten: [],
    rack: '',
    ...changes,
  };
}

/** Long enough for a fetch to be ended by what a test does, and by nothing else. */
const patient = { maxWait: 60_000 };

async function fetchParts(client: RawClient, offsets: readonly number[], changes: object = {}) {
  const answer = await client.ask<Fetched>('Fetch', fetchRequest(offsets, changes));
  return answer.topics[0]!.partitions;
}

/** A topic `f` of two partitions, somebody who writes to it and somebody who reads. */
async function arrange(t: Test) {
  const { port, close } = await withDevBroker(t);
  const [writer, reader] = [await withRawClient(t, port), await withRawClient(t, port)];
  const topic = { name: 'f', partitions: 2, replicationFactor: 1, assignments: [], config: [] };
  await writer.ask('CreateTopics', { topics: [topic], timeout: 0, dryRun: false });
  const produce = (partition: number, batch: Buffer) =>
    writer.ask('Produce', {
      transactionalId: null,
      acks: -1,
      timeout: 0,
      topics: [{ name: 'f', partitions: [{ partition, batch }] }],
    });
  return { writer, reader, produce, close };
}

t.test('a fetch waits for records, and is answered as soon as there are some', async (t) => {
  const { reader, produce } = await arrange(t);
  const fetched = fetchParts(reader, [0, 0], patient);
  await produce(1, makeBatch(3));
  const [first, second] = await fetched;
  t.match([first, second], [{ highWatermark: 0 }, { error: 0, highWatermark: 3 }]);
  t.same(rangesOf(second!.records), [[0, 2]]);
});

t.test('a fetch waits for as many bytes as it asks for', async (t) => {
  const { writer, reader, produce } = await arrange(t);
  let isAnswered = false;
  const fetched = fetchParts(reader, [0, 0], { ...patient, minBytes: 1500 });
  fetched.then(() => {
    isAnswered = true;
  });
  await produce(0, makeBatch(1, 1000));
  await writer.ask('ListGroups', {});
  t.notOk(isAnswered);
  await produce(1, makeBatch(1, 1000));
  t.match(await fetched, [{ highWatermark: 1 }, { highWatermark: 1 }]);
});

t.test('a fetch that finds nothing ends with its time', async (t) => {
  const { reader } = await arrange(t);
  t.match(await fetchParts(reader, [0, 0], { maxWait: 1 }), [{ error: 0, highWatermark: 0 }, {}]);
});

t.test('a topic that is deleted ends the fetches that wait for it', async (t) => {
  const { writer, reader } = await arrange(t);
  const fetched = fetchParts(reader, [0, 0], patient);
  await writer.ask('DeleteTopics', { names: ['f'], timeout: 0 });
  t.match(await fetched, [{ error: 3 }, { error: 3 }]);
});

t.test('who goes while a fetch waits leaves nothing behind', async (t) => {
  const { reader, close } = await arrange(t);
  const request = encodeRequest('Fetch', fetchRequest([0, 0], patient));
  const answered = reader.send(request);
  reader.close();
  t.equal(await answered, null);
  await close();
});

t.test('an offset outside the log is an error at once', async (t) => {
  const { writer, reader, produce } = await arrange(t);
  await produce(0, makeBatch(5));
  t.match(await fetchParts(reader, [6, 0], patient), [{ error: 1 }, { error: 0 }]);
  const partitions = [{ partition: 0, offset: 3 }];
  const deleted = { topics: [{ name: 'f', partitions }], timeout: 0 };
  t.match(await writer.ask('DeleteRecords', deleted), { topics: [{ partitions: [{ low: 3 }] }] });
  t.match(await fetchParts(reader, [2, 0], patient), [{ error: 1 }, {}]);
  t.match(await fetchParts(reader, [3, 0], patient), [{ error: 0 }, {}]);
});

t.test('an answer holds at most what was asked for, and one batch at least', async (t) => {
  const { reader, produce } = await arrange(t);
  for (const partition of [0, 0, 1]) await produce(partition, makeBatch(1, 1000));
  const sizes = async (maxBytes: number) =>
    (await fetchParts(reader, [0, 0], { maxBytes })).map(({ records }) => rangesOf(records).length);
  t.same(await sizes(100_000), [2, 1]);
  t.same(await sizes(2500), [2, 0]);
  t.same(await sizes(1500), [1, 0]);
  t.same(await sizes(1), [1, 0]);
});

t.test('every version answers, whatever the isolation', async (t) => {
  const { reader, produce } = await arrange(t);
  await produce(0, makeBatch(2, 10, 0, { producerId: 1, producerEpoch: 0, baseSequence: 0 }));
  for (let version = 4; version <= 11; version++) {
    for (const isolation of [0, 1]) {
      const request = fetchRequest([0], { isolation });
      const { topics } = await reader.ask<Fetched>('Fetch', request, version);
      t.same(rangesOf(topics[0]!.partitions[0]!.records), [[0, 1]], `version ${version}`);
    }
  }
});

t.test('answers come in the order of the requests', async (t) => {
  const { reader, produce } = await arrange(t);
  const fetched = reader.send(encodeRequest('Fetch', fetchRequest([0, 0], patient)));
  const listed = reader.send(encodeRequest('ListGroups', {}));
  await produce(0, makeBatch(1, 1000));
  const sizes = (await Promise.all([fetched, listed])).map((frame) => frame!.length);
  t.ok(sizes[0]! > 1000 && sizes[1]! < 100, `first ${sizes[0]} bytes, then ${sizes[1]}`);
});

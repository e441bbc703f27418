import t, { type Test } from 'tap';
import { createKafka } from '../../server/kafka/client.ts';
import type { Cluster, Leader } from '../../server/kafka/cluster.ts';
import { createCluster } from '../../server/kafka/cluster.ts';
import { createEnds } from '../../server/kafka/ends.ts';
import { createWireReader, createWireWriter } from '../../server/kafka/wire.ts';
import { withDevBroker } from '../fixtures/dev-broker.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { content, openLogs } from './log-contract.ts';

/** Partitions and time of a ListOffsets v4 request. */
function readRequest(body: Buffer) {
  const reader = createWireReader(body);
  reader.int32();
  reader.int8();
  const [asked = []] = reader.array(() => {
    reader.string();
    return reader.array(() => {
      const partition = reader.int32();
      return { partition, epoch: reader.int32(), time: reader.int64() };
    });
  });
  return asked;
}

/** Brokers of which the test says who leads what, and what each answers; null never answers. */
function handBrokers(t: Test, answers: Record<string, null | Error | { error: number }>) {
  const leaders = new Map<number, Leader>();
  const sent: string[] = [];
  const onRefresh: (() => void)[] = [];
  const cluster: Cluster = {
    leader: ({ partition }) => leaders.get(partition) ?? null,
    whyNoLeader: () => 'nobody leads it',
    topic: () => undefined,
    async refresh() {
      sent.push('refresh');
      onRefresh.shift()?.();
    },
    send(node, { body, read }) {
      const asked = readRequest(body);
      sent.push(`${node}: ${asked.map(({ partition, time }) => `${partition}@${time}`).join(' ')}`);
      const answer = answers[node];
      if (answer === null) return new Promise(() => {});
      if (answer instanceof Error) return Promise.reject(answer);
      const writer = createWireWriter();
      writer.array(['t'], (topic) => {
        writer.string(topic);
        writer.array(asked, ({ partition, epoch, time }) => {
          writer.int32(partition);
          writer.int16(answer?.error ?? 0);
          writer.int64(-1);
          writer.int64(time === -2 ? partition : 100 + partition);
          writer.int32(epoch);
        });
      });
      return Promise.resolve(read(createWireReader(writer.finish())));
    },
    close: async () => {},
  };
  const ends = createEnds({ cluster, withinMs: 20 });
  t.teardown(() => ends.close());
  return { ends, leaders, sent, onRefresh };
}

t.test('two requests for each leader, whatever it leads', async (t) => {
  const { ends, leaders, sent } = handBrokers(t, {});
  for (const partition of [0, 1, 2]) leaders.set(partition, { node: `${partition % 2}`, epoch: 3 });
  const found = await ends.read('t', 3);
  t.same([...found].sort(), [
    [0, { low: 0, high: 100 }],
    [1, { low: 1, high: 101 }],
    [2, { low: 2, high: 102 }],
  ]);
  t.same(sent.sort(), ['0: 0@-1 2@-1', '0: 0@-2 2@-2', '1: 1@-1', '1: 1@-2']);
});

t.test('what fails is said for its partition, the others are answered', async (t) => {
  const { ends, leaders } = handBrokers(t, {
    frozen: null,
    away: new Error('connect ECONNREFUSED'),
    follower: { error: 6 },
  });
  const nodes = ['well', 'frozen', 'away', 'follower'];
  for (const [partition, node] of nodes.entries()) leaders.set(partition, { node, epoch: -1 });
  const found = await ends.read('t', 5);
  t.same(
    [0, 1, 2, 3, 4].map((partition) => found.get(partition)),
    [
      { low: 0, high: 100 },
      { error: 'no answer within 20 ms' },
      { error: 'connect ECONNREFUSED' },
      { error: 'NOT_LEADER_OR_FOLLOWER (6)' },
      { error: 'nobody leads it' },
    ],
  );
});

t.test('a leader that moved is found in the same read', async (t) => {
  const { ends, leaders, sent, onRefresh } = handBrokers(t, { old: { error: 6 } });
  leaders.set(0, { node: 'old', epoch: 1 });
  onRefresh.push(() => leaders.set(0, { node: 'new', epoch: 2 }));
  t.same(await ends.read('t', 1), new Map([[0, { low: 0, high: 100 }]]));
  t.equal(sent.filter((each) => each === 'refresh').length, 1);
});

t.test('without metadata every partition has words, and nothing rejects', async (t) => {
  const { ends, onRefresh } = handBrokers(t, {});
  onRefresh.push(() => {
    throw new Error('no broker');
  });
  const error = { error: 'no broker' };
  t.same(
    [...(await ends.read('t', 2))],
    [
      [0, error],
      [1, error],
    ],
  );
});

t.test('the ends of a topic on the embedded broker', async (t) => {
  const { address } = await withDevBroker(t);
  const { topic, writer, deleteBelow } = await openLogs(t, address);
  const name = await topic({ partitions: 2 });
  for (const text of ['a', 'b', 'c'])
    await writer.append({ topic: name, partition: 1 }, [content(text)]);
  await deleteBelow({ topic: name, partition: 1 }, 2);
  const options = { brokers: [address], clientId: 'test', logger: silentLogger };
  const ends = createEnds({ cluster: createCluster(createKafka(options)) });
  t.teardown(() => ends.close());
  const found = await ends.read(name, 3);
  t.same(found.get(0), { low: 0, high: 0 });
  t.same(found.get(1), { low: 2, high: 3 });
  t.match(found.get(2), { error: /has only 2 partitions/ });
});

import t from 'tap';
import {
  metadataOf,
  type RawClient,
  withDevBroker,
  withRawClient,
} from '../fixtures/dev-broker.ts';

type Topic = { error: number; name: string | null; id: string; partitions: object[] };
type Metadata = { topics: Topic[] };

const described = async (client: RawClient, name: string, version = 12) => {
  const { topics } = await client.ask<Metadata>('Metadata', metadataOf(name), version);
  return topics[0]!;
};

t.test('a topic has one id, also after a restart, and another when it is made again', async (t) => {
  const directory = t.testdir({});
  const first = await withDevBroker(t, directory);
  const client = await withRawClient(t, first.port);
  const { id } = await described(client, 'kept');
  t.match(id, /^[0-9a-f]{32}$/);
  t.equal((await described(client, 'kept')).id, id);
  t.not((await described(client, 'other')).id, id);
  await first.close();

  const again = await withRawClient(t, (await withDevBroker(t, directory)).port);
  t.equal((await described(again, 'kept')).id, id);
  await again.ask('DeleteTopics', { names: ['kept'], timeout: 0 });
  const made = await described(again, 'kept');
  t.equal(made.error, 0);
  t.match(made.id, /^[0-9a-f]{32}$/);
  t.not(made.id, id);
});

t.test('every version of Metadata tells what it can', async (t) => {
  const { port } = await withDevBroker(t, null, { partitions: 3 });
  const client = await withRawClient(t, port);
  const { id } = await described(client, 'f');
  for (let version = 0; version <= 12; version++) {
    const { brokers, topics } = await client.ask<Metadata & { brokers: object[] }>(
      'Metadata',
      metadataOf('f'),
      version,
    );
    t.match(brokers, [{ id: 1, host: 'localhost', port }], `version ${version}`);
    t.match(topics, [{ error: 0, name: 'f', partitions: [{ leader: 1, inSync: [1] }, {}, {}] }]);
    t.equal(topics[0]!.id, version < 10 ? '0'.repeat(32) : id);
    await t.resolves(client.ask('ListGroups', {}), 'nothing is left over of the answer');
  }
});

t.test('a topic is found by its id', async (t) => {
  const client = await withRawClient(t, (await withDevBroker(t)).port);
  const { id } = await described(client, 'f');
  const byId = (id: string) => ({ ...metadataOf(), topics: [{ id, name: null }] });
  t.match(await client.ask('Metadata', byId(id)), { topics: [{ error: 0, name: 'f', id }] });
  const unknown = 'f'.repeat(32);
  t.match(await client.ask('Metadata', byId(unknown)), {
    topics: [{ error: 100, name: null, id: unknown, partitions: [] }],
  });
});

t.test('who makes a topic is told its id', async (t) => {
  const client = await withRawClient(t, (await withDevBroker(t)).port);
  const topic = { name: 'f', partitions: -1, replicationFactor: -1, assignments: [], config: [] };
  const request = { topics: [topic], timeout: 0, dryRun: false };
  for (const [version, name] of [...'abcdefgh'].entries()) {
    const asked = { ...request, topics: [{ ...topic, name }] };
    const answer = await client.ask<{ results: { id: string }[] }>('CreateTopics', asked, version);
    t.match(answer, { results: [{ name, error: 0 }] }, `version ${version}`);
    if (version === 7) t.equal(answer.results[0]!.id, (await described(client, name)).id);
  }
});

t.test('a topic that is asked for often is answered once', async (t) => {
  const client = await withRawClient(t, (await withDevBroker(t)).port);
  const names = Array.from({ length: 1000 }, () => 'f');
  const { topics } = await client.ask<Metadata>('Metadata', metadataOf(...names));
  t.equal(topics.length, 1);
});

t.test('a topic that is made by a record has the partitions that were set', async (t) => {
  const { port } = await withDevBroker(t, null, { partitions: 5 });
  const client = await withRawClient(t, port);
  t.equal((await described(client, 'orders')).partitions.length, 5);
});

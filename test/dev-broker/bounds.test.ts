// What a few requests may make the broker hold, and how large an answer a small one may have.
import t from 'tap';
import { string } from '../../server/dev-broker/fields.ts';
import { createWriter } from '../../server/dev-broker/wire.ts';
import {
  encodeRequest,
  metadataOf,
  type RawClient,
  withDevBroker,
  withRawClient,
} from '../fixtures/dev-broker.ts';

const TOO_MANY = 81;
const INVALID = 42;

const join = (client: RawClient, group: string, metadata = Buffer.from('m')) =>
  client.ask<{ error: number; memberId: string }>('JoinGroup', {
    group,
    sessionTimeout: 1_800_000,
    rebalanceTimeout: 1_800_000,
    memberId: '',
    instanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata }],
  });

t.test('who asks for the same a thousand times is answered once', async (t) => {
  const client = await withRawClient(t, (await withDevBroker(t)).port);
  const times = <T>(each: T) => Array.from({ length: 10_000 }, () => each);
  await client.ask('Metadata', metadataOf('f'));
  const at = { partition: 0, leaderEpoch: -1, time: 1 };
  const requests: [name: string, request: object][] = [
    ['Metadata', metadataOf(...times('f'))],
    ['DescribeGroups', { ids: times('g'), withOperations: false }],
    [
      'DescribeConfigs',
      { resources: times({ type: 2, name: 'f', names: null }), withSynonyms: true },
    ],
    ['OffsetFetch', { group: 'g', topics: [{ name: 'f', partitions: times(0) }] }],
    ['ListOffsets', { replica: -1, isolation: 0, topics: [{ name: 'f', partitions: times(at) }] }],
  ];
  for (const [name, request] of requests) {
    const answer = await client.send(encodeRequest(name, request));
    t.ok(answer && answer.length < 4096, `${name}: ${answer?.length}`);
  }
});

t.test('an answer that has become too large is none', async (t) => {
  const writer = createWriter();
  const text = 'x'.repeat(30_000);
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 4000; i++) string.write(writer, text, 0);
  t.ok(writer.overflown());
  const held = process.memoryUsage().arrayBuffers - before;
  t.ok(held < 300_000_000, `${held}`);
});

t.test('groups and members are counted', async (t) => {
  const client = await withRawClient(t, (await withDevBroker(t)).port);
  const codes = new Set<number>();
  for (let i = 0; i < 1000; i++) codes.add((await join(client, `g${i % 10}`)).error);
  t.same([...codes], [79], 'each is told an id to come back with');
  t.match(await join(client, 'g0'), { error: TOO_MANY });
  t.match(await join(client, 'another'), { error: TOO_MANY });
});

t.test('groups of which nothing but offsets is known are counted too', async (t) => {
  const client = await withRawClient(t, (await withDevBroker(t)).port);
  await client.ask('Metadata', metadataOf('f'));
  const commit = (group: string) => {
    const partitions = [{ partition: 0, offset: 1, leaderEpoch: -1, metadata: '' }];
    const nobody = { generation: -1, memberId: '', instanceId: null, retention: -1 };
    const request = { ...nobody, group, topics: [{ name: 'f', partitions }] };
    return client.ask<object>('OffsetCommit', request);
  };
  const codeIs = (error: number) => ({ topics: [{ partitions: [{ error }] }] });
  for (let i = 0; i < 1000; i++) await commit(`g${i}`);
  t.match(await commit('g1000'), codeIs(TOO_MANY));
  t.match(await commit('g999'), codeIs(0));
  await client.ask('DeleteGroups', { ids: ['g5'] });
  t.match(await commit('g1000'), codeIs(0), 'where one has gone there is room');
});

t.test('a member that brings too much is refused', async (t) => {
  const client = await withRawClient(t, (await withDevBroker(t)).port);
  t.match(await join(client, 'g', Buffer.alloc(128 * 1024)), { error: INVALID });
  t.match(await join(client, 'g', Buffer.alloc(100 * 1024)), { error: 79 });
  const assignments = [{ memberId: 'm', assignment: Buffer.alloc(129 * 1024) }];
  const sync = { group: 'g', generation: 1, memberId: 'm', instanceId: null, assignments };
  t.match(await client.ask('SyncGroup', sync), { error: INVALID });
});

import t, { type Test } from 'tap';
import { type RawClient, withDevBroker, withRawClient } from '../fixtures/dev-broker.ts';
import { createHeardLogger } from '../fixtures/heard-logger.ts';
import { makeBatch } from '../fixtures/log-batches.ts';

const TOPIC = 2;
const Operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

type Result = { error: number; message: string | null };

async function withTopic(t: Test, config: Record<string, string> = {}, directory?: string) {
  const logger = createHeardLogger();
  const { port, close } = await withDevBroker(t, directory ?? null, { logger });
  const client = await withRawClient(t, port);
  return { client, logger, close, made: await create(client, config) };
}

async function create(client: RawClient, config: Record<string, string>): Promise<Result> {
  const entries = Object.entries(config).map(([name, value]) => ({ name, value }));
  const numbers = { partitions: 1, replicationFactor: 1, assignments: [] };
  const request = { topics: [{ name: 'f', ...numbers, config: entries }], timeout: 0 };
  const asked = { ...request, dryRun: false };
  return (await client.ask<{ results: Result[] }>('CreateTopics', asked)).results[0]!;
}

async function change(
  client: RawClient,
  changes: [operation: number, name: string, value: string | null][],
  dryRun = false,
): Promise<Result> {
  const named = changes.map(([operation, name, value]) => ({ operation, name, value }));
  const request = { resources: [{ type: TOPIC, name: 'f', changes: named }], dryRun };
  return (await client.ask<{ results: Result[] }>('IncrementalAlterConfigs', request)).results[0]!;
}

async function settingOf(client: RawClient, name: string): Promise<string> {
  const request = { resources: [{ type: TOPIC, name: 'f', names: [name] }], withSynonyms: false };
  type Answer = { results: { entries: { value: string }[] }[] };
  return (await client.ask<Answer>('DescribeConfigs', request)).results[0]!.entries[0]!.value;
}

async function produce(client: RawClient, bytes: number): Promise<Result> {
  const topics = [{ name: 'f', partitions: [{ partition: 0, batch: makeBatch(1, bytes) }] }];
  const request = { transactionalId: null, acks: -1, timeout: 0, topics };
  type Answer = { topics: { partitions: Result[] }[] };
  return (await client.ask<Answer>('Produce', request)).topics[0]!.partitions[0]!;
}

t.test('settings are changed one by one, and stay after a restart', async (t) => {
  const directory = t.testdir({});
  const { client, close } = await withTopic(t, { 'retention.ms': '5000' }, directory);
  const changes: Parameters<typeof change>[1] = [
    [Operation.set, 'max.message.bytes', '2000'],
    [Operation.delete, 'retention.ms', null],
    [Operation.append, 'cleanup.policy', 'compact'],
  ];
  t.match(await change(client, changes, true), { error: 0 });
  t.equal(await settingOf(client, 'max.message.bytes'), '1048588', 'validated only');
  t.match(await change(client, changes), { error: 0 });
  await close();
  const again = await withRawClient(t, (await withDevBroker(t, directory)).port);
  t.equal(await settingOf(again, 'max.message.bytes'), '2000');
  t.equal(await settingOf(again, 'retention.ms'), '604800000');
  t.equal(await settingOf(again, 'cleanup.policy'), 'delete,compact');
  t.match(await change(again, [[Operation.subtract, 'cleanup.policy', 'compact']]), { error: 0 });
  t.equal(await settingOf(again, 'cleanup.policy'), 'delete');
});

t.test('what cannot be is refused in words, and changes nothing', async (t) => {
  const { client } = await withTopic(t);
  const cases: [Parameters<typeof change>[1], Result][] = [
    [
      [[Operation.set, 'retention.ms', 'soon']],
      { error: 40, message: 'retention.ms cannot be soon' },
    ],
    [[[Operation.set, 'no.such', '1']], { error: 40, message: 'unknown topic config no.such' }],
    [[[Operation.set, 'retention.ms', null]], { error: 42, message: 'no value for retention.ms' }],
    [[[Operation.append, 'retention.ms', '1']], { error: 42, message: 'retention.ms is no list' }],
    [[[9, 'cleanup.policy', 'compact']], { error: 42, message: 'an operation 9' }],
  ];
  for (const [changes, expected] of cases) {
    t.match(await change(client, [[Operation.set, 'segment.ms', '7'], ...changes]), expected);
  }
  t.equal(await settingOf(client, 'segment.ms'), '604800000');
});

t.test('a limit beyond what a request can hold is refused in words', async (t) => {
  const { client, made } = await withTopic(t, { 'max.message.bytes': '200000000' });
  t.match(made, { error: 40, message: /max\.message\.bytes cannot be 200000000: .* takes \d+/ });
  t.match(await create(client, { 'max.message.bytes': '30000000' }), { error: 0 });
  t.match(await produce(client, 29_000_000), { error: 0 });
  t.match(await produce(client, 30_000_000), {
    error: 10,
    message: /\d+ bytes, 30000000 are taken/,
  });
});

t.test('a changed limit holds for the next record', async (t) => {
  const { client } = await withTopic(t);
  t.match(await produce(client, 5000), { error: 0 });
  await change(client, [[Operation.set, 'max.message.bytes', '1000']]);
  t.match(await produce(client, 5000), { error: 10 });
  await change(client, [[Operation.delete, 'max.message.bytes', null]]);
  t.match(await produce(client, 5000), { error: 0 });
});

t.test('what is asked for and does not happen is said', async (t) => {
  const { client, logger } = await withTopic(t, {
    'cleanup.policy': 'compact',
    'min.insync.replicas': '2',
    'max.message.bytes': '5000',
    'retention.ms': '-1',
  });
  const said = () => logger.lines.filter((line) => /without effect/.test(line));
  t.match(said(), [
    /"topic":"f","without":\["cleanup\.policy=compact","min\.insync\.replicas=2"\]/,
  ]);
  await change(client, [[Operation.set, 'retention.ms', '1000']]);
  t.match(said()[1], /retention\.ms=1000/);
});

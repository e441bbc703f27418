// The dead-letter topic beside orders: it takes what orders took, however it was made.
import { randomBytes } from 'node:crypto';
import kafkajs, { type Admin } from 'kafkajs';
import type { Test } from 'tap';
import type { DeadLetterItem, Health, Metrics } from '../../server/http/contract.ts';
import { createAppender } from '../../server/kafka/appender.ts';
import { createKafka } from '../../server/kafka/client.ts';
import { createCluster } from '../../server/kafka/cluster.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import { until } from '../fixtures/until.ts';
import { withAdmin } from './admin.ts';
import { agree, atRest } from './agree.ts';
import { type Broker, createWorld, type World } from './world.ts';

const { ConfigResourceTypes } = kafkajs;
const MIB = 2 ** 20;

/** Limits, retention and cleanup of the dead-letter topic, and records of every size. */
export function deadLetterTopic(t: Test, broker: Broker): void {
  t.test(
    'a dead-letter topic made beforehand gets the limits of orders, also when they are raised later',
    { buffered: true },
    async (t) => {
      const world = createWorld(t, broker, { FAILURE_RATE: '0' });
      const admin = await withAdmin(t, broker.brokers);
      await create(admin, world.orders, {
        'max.message.bytes': `${2 * MIB}`,
        'retention.ms': '-1',
      });
      await create(admin, world.deadLetters, {
        'retention.ms': '3600000',
        'segment.ms': '7200000',
      });
      const service = await world.start();
      t.match(await settings(admin, world.deadLetters), {
        'max.message.bytes': `${2 * MIB + 65_536}`,
        'retention.ms': '-1',
        'segment.ms': '7200000',
      });

      const append = appender(t, world);
      await append(randomBytes(2 * MIB - 100));
      await append(Buffer.alloc(12 * MIB, 'v'), true);
      await agree(t, world, service);

      await set(admin, world.orders, { 'max.message.bytes': `${6 * MIB}`, 'retention.ms': '-1' });
      await until(
        'the dead-letter topic follows',
        () => settings(admin, world.deadLetters),
        (found) => found['max.message.bytes'] === `${6 * MIB + 65_536}`,
      );
      await append(randomBytes(5 * MIB));
      await agree(t, world, service);
    },
  );

  t.test(
    'a dead-letter topic that is compacted gets nothing, with words, until it is not',
    { buffered: true },
    async (t) => {
      const world = createWorld(t, broker, { FAILURE_RATE: '0' });
      const admin = await withAdmin(t, broker.brokers);
      const service = await world.start();
      await world.send({ count: 100, seed: 3 });
      const { letters } = await agree(t, world, service);

      await set(admin, world.deadLetters, { 'cleanup.policy': 'compact' });
      await until(
        'it is not ready',
        async () => (await (await service.get('/health/ready')).json()) as Health,
        ({ reasons }) => reasons.some((reason) => /cleanup\.policy=compact/.test(reason)),
      );
      const append = appender(t, world);
      await append(Buffer.from('bad'));
      await append(encodeSomeOrder({ orderId: 'good', product: 'Good', price: 1 }));
      await until(
        'orders go on, and the bad one waits',
        () => service.json<Metrics>('/metrics'),
        ({ perProduct, balance }) => perProduct.Good?.count === 1 && balance.pending === 1,
      );
      const standing = await world.client.read(world.deadLetters);
      t.equal(standing.length, letters.length, 'nothing was written');

      await set(admin, world.deadLetters, { 'cleanup.policy': 'delete' });
      await until(
        'it is ready',
        () => service.get('/health/ready'),
        ({ status }) => status === 200,
      );
      const { letters: after } = await agree(t, world, service);
      t.equal(after.length, letters.length + 1);
    },
  );

  t.test(
    'letters with timestamps of every kind are shown, also after a restart, and hide nobody',
    { buffered: true },
    async (t) => {
      const world = createWorld(t, broker, { FAILURE_RATE: '0', PARTITIONS: '2' });
      const admin = await withAdmin(t, broker.brokers);
      await create(admin, world.orders, {}, 2);
      const wide = { 'message.timestamp.after.max.ms': '9223372036854775807' };
      await create(admin, world.deadLetters, wide, 2);
      const first = await world.start();
      const append = appender(t, world);
      const now = Date.now();
      for (const timestamp of [now * 1000, 0, -1, now * 1_000_000, Number.MAX_SAFE_INTEGER]) {
        const record = { timestamp, key: null, value: Buffer.from('odd'), headers: [] };
        await append(record, false, { topic: world.deadLetters, partition: 1 });
      }
      await append(Buffer.from('bad'));
      await atRest(first, 1);
      const shown = await until(
        'all are shown',
        () => first.json<DeadLetterItem[]>('/dlq'),
        ({ length }) => length === 6,
      );
      t.equal(shown[0]!.origin?.offset, 0, 'ours is the newest');
      t.ok(shown.every(({ timestamp }) => /^\d{4}-\d\d-\d\dT/.test(timestamp)));
      await first.stop();
      const second = await world.start();
      t.same(await second.json('/dlq'), shown);
      t.equal((await second.get('/api/snapshot')).status, 200);
    },
  );
}

async function create(
  admin: Admin,
  topic: string,
  config: Record<string, string>,
  numPartitions = 3,
): Promise<void> {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  await admin.createTopics({
    topics: [{ topic, numPartitions, configEntries }],
    waitForLeaders: true,
  });
}

/** AlterConfigs: what is not named goes back to its default. */
async function set(admin: Admin, name: string, config: Record<string, string>): Promise<void> {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name, configEntries }],
  });
}

async function settings(admin: Admin, name: string): Promise<Record<string, string>> {
  const resources = [{ type: ConfigResourceTypes.TOPIC, name }];
  const answer = await admin.describeConfigs({ includeSynonyms: false, resources });
  const entries = answer.resources[0]!.configEntries;
  return Object.fromEntries(
    entries.map(({ configName, configValue }) => [configName, configValue]),
  );
}

/** Writes records that other clients would not, to partition 0 of orders unless told otherwise. */
function appender(t: Test, world: World) {
  const brokers = [world.brokers];
  const kafka = createKafka({ brokers, clientId: 'test', logger: silentLogger });
  const writer = createAppender({ cluster: createCluster(kafka) });
  t.teardown(() => writer.close());
  return async (
    what: Buffer | Parameters<typeof writer.append>[1][number],
    compressed = false,
    tp = { topic: world.orders, partition: 0 },
  ): Promise<void> => {
    const record = Buffer.isBuffer(what)
      ? { timestamp: Date.now(), key: Buffer.from('key'), value: what, headers: [] }
      : what;
    await writer.append(tp, [record], { compressed });
  };
}

// Several instances in one group, and a topic that grows.
import type { Test } from 'tap';
import { until } from '../fixtures/until.ts';
import { withAdmin } from './admin.ts';
import { agree } from './agree.ts';
import { type Broker, createWorld } from './world.ts';

/** A group of instances. */
export function group(t: Test, broker: Broker): void {
  t.test('instances come and go under load', { buffered: true }, async (t) => {
    const world = createWorld(t, broker, { RETRY_BACKOFF_MS: '50' });
    const load = await world.load(9);
    const first = await world.start();
    await load.sent(500);
    const second = await world.start();
    await load.sent(500);
    t.strictSame(await first.stop(), { code: 0, signal: null });
    await load.sent(500);
    const third = await world.start();
    await load.sent(500);
    await load.stop();

    await agree(t, world, second);
    await agree(t, world, third);
  });

  t.test(
    'three instances at rest give the same answers, byte for byte',
    { buffered: true },
    async (t) => {
      const world = createWorld(t, broker);
      const load = await world.load(10);
      const instances = await Promise.all([world.start(), world.start(), world.start()]);
      await load.sent(1000);
      await load.stop();

      for (const instance of instances) await agree(t, world, instance);
      for (const path of ['/metrics', '/dlq?limit=1000']) {
        await until(
          `${path} is the same everywhere`,
          () => Promise.all(instances.map(async (instance) => (await instance.get(path)).text())),
          (texts) => new Set(texts).size === 1,
        );
      }
    },
  );

  t.test('a topic may grow while it is read', { buffered: true }, async (t) => {
    const world = createWorld(t, broker);
    const service = await world.start();
    const admin = await withAdmin(t, world.brokers);
    await world.send({ count: 300, seed: 11 });
    await admin.createPartitions({ topicPartitions: [{ topic: world.orders, count: 6 }] });
    await until(
      'everybody knows the new partitions',
      () => admin.fetchTopicMetadata({ topics: [world.orders] }),
      ({ topics }) => topics[0]?.partitions.length === 6,
    );
    await world.send({ count: 600, seed: 12 });

    const { metrics, orders } = await agree(t, world, service);
    t.equal(new Set(orders.map(({ partition }) => partition)).size, 6, 'orders in each partition');
    t.equal(metrics.asOf.length, 6);
  });

  t.test('tools that show the lag of a group see none at rest', { buffered: true }, async (t) => {
    const world = createWorld(t, broker);
    const service = await world.start();
    const admin = await withAdmin(t, world.brokers);
    await world.send({ count: 300, seed: 13 });
    await agree(t, world, service);

    const ends = await admin.fetchTopicOffsets(world.orders);
    await until(
      'the committed offsets are the ends of the partitions',
      () => admin.fetchOffsets({ groupId: world.group, topics: [world.orders] }),
      ([topic]) =>
        ends.every(({ partition, high }) =>
          topic?.partitions.some((each) => each.partition === partition && each.offset === high),
        ),
    );
    const { groups } = await admin.describeGroups([world.group]);
    t.match(groups, [{ state: 'Stable', members: [{}] }]);
  });
}

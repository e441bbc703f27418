// Topics that lose records, are recreated, or cannot be written to.
import { setTimeout as delay } from 'node:timers/promises';
import type { Removed } from '../audit.ts';
import { startLoad } from '../load.ts';
import type { Scenario } from '../scenario.ts';
import { until } from '../until.ts';
import type { World } from '../world.ts';

/** Deletes what stands in orders below the middle between `from` and the end of each partition. */
async function cutOrders({ admin, kcat, names, random }: World, from: ReadonlyMap<number, number>) {
  const records = await kcat.read(names.orders);
  const cuts = new Map<number, number>();
  for (const { partition, high } of await admin.fetchTopicOffsets(names.orders)) {
    cuts.set(partition, random.between(from.get(partition) ?? 0, Number(high)));
  }
  const partitions = [...cuts].map(([partition, cut]) => ({ partition, offset: `${cut}` }));
  await admin.deleteTopicRecords({ topic: names.orders, partitions });
  return { records, cuts };
}

async function reached(world: World): Promise<Map<number, number>> {
  const { asOf } = await world.instances.find(({ live }) => live)!.metrics();
  return new Map(asOf.map(({ partition, nextOffset }) => [partition, nextOffset]));
}

/** Nobody runs while retention takes what was never read. */
async function cutUnread(world: World): Promise<void> {
  world.tolerate(/removed by retention/);
  const [first] = await world.startReady(1);
  const load = await world.load();
  await world.progress(3000);
  await load.stop();
  await world.settle();
  const before = await reached(world);
  await first!.stop();
  const later = await world.load();
  await until('unread orders', async () => later.sent > 3000);
  await later.stop();
  const { records, cuts } = await cutOrders(world, before);
  await world.load();
  await world.startReady(2);
  await world.progress(2000);
  const removed: Removed = {
    records,
    isLost: ({ partition, offset }) =>
      offset >= (before.get(partition) ?? 0) && offset < cuts.get(partition)!,
  };
  await settleWithAlarm(world, removed);
}

/** Orders that wait for a retry when everybody stops are gone when somebody starts. */
async function cutPending(world: World): Promise<void> {
  world.tolerate(/removed by retention/);
  const [first] = await world.startReady(1, {
    env: { FAILURE_RATE: '1', RETRY_BACKOFF_MS: '30000', MAX_RETRIES: '5' },
  });
  const load = await world.load();
  await world.progress(3000);
  await load.stop();
  await first!.stop();
  const { records, cuts } = await cutOrders(world, new Map());
  await world.startReady(2, { env: { RETRY_MAX_BACKOFF_MS: '1000' } });
  const isLost: Removed['isLost'] = ({ partition, offset }) => offset < cuts.get(partition)!;
  await settleWithAlarm(world, { records, isLost });
}

async function settleWithAlarm(world: World, removed: Removed): Promise<void> {
  const { lost } = await world.settle(removed);
  if (lost === 0) throw new Error('nothing was lost: the scenario proves nothing');
  const lines = world.instances.flatMap((instance) => instance.lines);
  if (!lines.some((line) => line.includes('removed by retention'))) throw new Error('no alarm');
}

/** Deleted, and there again with fewer records: by whoever is first, the service creates it too. */
async function recreate({ admin }: World, topic: string): Promise<void> {
  const length = async () => {
    const offsets = await admin.fetchTopicOffsets(topic);
    return offsets.reduce((sum, { high }) => sum + Number(high), 0);
  };
  const before = await length();
  await admin.deleteTopics({ topics: [topic] });
  await until(`${topic} to be there again`, async () => {
    await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] });
    return (await length()) < before;
  });
}

/** With more records in each partition than there were before. */
async function refill(world: World, topic: string, before: ReadonlyMap<number, number>) {
  const load = await startLoad(world.cluster.brokers, topic, { seed: 1, rate: 4000 });
  await until(`${topic} to be full again`, async () => {
    const offsets = await world.admin.fetchTopicOffsets(topic);
    return offsets.every(({ partition, high }) => Number(high) > before.get(partition)! + 100);
  });
  await load.stop();
}

async function endsOf({ admin }: World, topic: string): Promise<Map<number, number>> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
}

/** The service stops with words, and no number moves. */
function recreated(
  kind: 'orders' | 'deadLetters',
  { running, refilled = false }: { running: boolean; refilled?: boolean },
): Scenario {
  const what = `${kind === 'orders' ? 'orders' : 'dlq'}-recreated${refilled ? '-and-refilled' : ''}`;
  return {
    name: `${what}-while-${running ? 'running' : 'stopped'}`,
    async run(world) {
      world.tolerate(/recreated/);
      const topic = world.names[kind];
      await world.startReady(2);
      const load = await world.load();
      await world.progress(4000);
      await load.stop();
      await world.settle();
      const { totalCount } = await world.instances[0]!.metrics();
      if (!running) await Promise.all(world.instances.map((instance) => instance.stop()));
      const ends = await endsOf(world, topic);
      await recreate(world, topic);
      if (refilled) await refill(world, topic, ends);
      if (!running) await world.start();
      const live = world.instances.filter((instance) => instance.live);
      for (const instance of live) {
        await until(`${instance.name} to stop with words`, async () => {
          const { status, reasons } = await instance.health();
          const words = reasons.filter((reason) => reason.includes(`${topic}[`));
          const clear = words.some((reason) => /recreated/.test(reason));
          if (!clear) throw new Error(`${status} ${reasons.join('; ')}`);
          return status === 503;
        });
        const after = await instance.metrics();
        if (after.totalCount !== totalCount) throw new Error(`${after.totalCount} are counted now`);
      }
    },
  };
}

/** Only the state's own topic is new: what it said is still true, and is said again. */
async function checkpointsRecreated(world: World): Promise<void> {
  await world.startReady(2);
  await world.load();
  await world.progress(4000);
  await recreate(world, world.names.checkpoints);
  await world.progress(4000);
  await world.settle();
}

async function dlqUnavailable(world: World): Promise<void> {
  const { random, names, cluster } = world;
  const instances = await world.startReady(3);
  await world.load();
  await world.progress(2000);
  const allow = cluster.proxy!.refuse(names.deadLetters);
  await until('dead letters to wait', async () => {
    const { balance } = await instances[0]!.metrics();
    return balance.pending > 200;
  });
  await world.progress(4000);
  if (random.chance(0.5)) {
    await instances[1]!.kill();
    await world.start();
  }
  await delay(random.between(0, 5000));
  allow();
  await world.settle();
}

/** A hundred thousand orders wait in one partition, each with an error text of its own. */
async function distinctTexts({ admin, names, ...world }: World): Promise<void> {
  const topic = { topic: names.orders, numPartitions: 1 };
  await admin.createTopics({ topics: [topic], waitForLeaders: true });
  const retries = { MAX_RETRIES: '1000', RETRY_BACKOFF_MS: '1000' };
  const [first] = await world.startReady(1, {
    env: { ...retries, CHAOS_FAILURES: 'texts', RETRY_MAX_BACKOFF_MS: '600000' },
  });
  const load = await world.load({ rate: 8000, badRatio: 0 });
  await until('100,000 orders to wait', async () => {
    const { balance } = await first!.metrics();
    if (balance.pending < 100_000) throw new Error(`${balance.pending} wait`);
    return true;
  });
  await load.stop();
  await first!.kill();
  await world.startReady(1, { env: { ...retries, FAILURE_RATE: '0' } });
  await world.settle();
}

export const topicScenarios: readonly Scenario[] = [
  { name: 'retention-cuts-unread', run: cutUnread },
  { name: 'retention-cuts-pending', run: cutPending },
  recreated('orders', { running: true }),
  recreated('orders', { running: false }),
  recreated('orders', { running: true, refilled: true }),
  recreated('orders', { running: false, refilled: true }),
  recreated('deadLetters', { running: true }),
  recreated('deadLetters', { running: false }),
  recreated('deadLetters', { running: false, refilled: true }),
  { name: 'distinct-error-texts', run: distinctTexts },
  { name: 'checkpoints-recreated', run: checkpointsRecreated },
  { name: 'dlq-unavailable', run: dlqUnavailable },
];

// Three brokers, of which one is away.
import { setTimeout as delay } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';
import { until } from '../until.ts';
import type { World } from '../world.ts';

/** Until every partition is kept by as many brokers as it should be. */
async function replicated({ admin, names }: World, replicas: number): Promise<void> {
  await until('all replicas to be in sync', async () => {
    const { topics } = await admin.fetchTopicMetadata({
      topics: [names.orders, names.checkpoints],
    });
    return topics.every(({ partitions }) => partitions.every(({ isr }) => isr.length === replicas));
  });
}

async function eachInTurn(world: World): Promise<void> {
  const { random, cluster } = world;
  await world.startReady(3);
  await world.load();
  await replicated(world, 3);
  for (const node of random.shuffle(cluster.nodes)) {
    await world.progress(random.between(500, 3000));
    await node.kill();
    await world.progress(2000);
    await delay(random.between(0, 3000));
    await node.restart();
    await replicated(world, 3);
  }
  await world.settle();
}

/** Two of three are away: nothing can be written, and nobody coordinates the group. */
async function majorityAway(world: World): Promise<void> {
  const { random, cluster } = world;
  await world.startReady(3);
  const load = await world.load();
  await world.progress(2000);
  await load.stop();
  const away = random.shuffle(cluster.nodes).slice(0, 2);
  await Promise.all(away.map((node) => node.kill()));
  await delay(random.between(10_000, 25_000));
  await Promise.all(away.map((node) => node.restart()));
  await replicated(world, 3);
  await world.load();
  await world.progress(2000);
  await world.settle();
}

/** The only broker that keeps the dead letters is away: they wait, and all else goes on. */
async function dlqBrokerAway(world: World): Promise<void> {
  const { admin, names, cluster } = world;
  const node = cluster.nodes[2]!;
  const assignment = [0, 1, 2].map((partition) => ({ partition, replicas: [node.id] }));
  const configEntries = [{ name: 'max.message.bytes', value: `${2 * 2 ** 20}` }];
  await admin.createTopics({
    topics: [{ topic: names.deadLetters, replicaAssignment: assignment, configEntries }],
    waitForLeaders: true,
  });
  const instances = await world.startReady(2);
  await world.load();
  await world.progress(2000);
  await node.kill();
  await until('dead letters to wait', async () => {
    const { balance } = await instances[0]!.metrics();
    return balance.pending > 200;
  });
  await world.progress(4000);
  await delay(world.random.between(0, 5000));
  await node.restart();
  await world.settle();
}

export const brokerScenarios: readonly Scenario[] = [
  { name: 'brokers-killed-in-turn', brokers: 3, run: eachInTurn },
  { name: 'majority-away', brokers: 3, run: majorityAway },
  { name: 'dlq-broker-away', brokers: 3, run: dlqBrokerAway },
];

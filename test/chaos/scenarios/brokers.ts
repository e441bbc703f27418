// Three brokers, of which one is away.
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { partitionOf } from '../../../server/kafka/partitioner.ts';
import { createOrderGenerator } from '../../../server/orders/order-generator.ts';
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

const { ConfigResourceTypes } = kafkajs;
const PARTITIONS = [0, 1, 2];

async function ordersMetadata({ admin, names }: World) {
  const { topics } = await admin.fetchTopicMetadata({ topics: [names.orders] });
  return topics[0]!.partitions;
}

/** With `hold`, the broker lags for good as soon as it is out of sync. */
async function holdBack({ admin, names }: World, broker: number, hold: boolean): Promise<void> {
  const rate = [{ name: 'follower.replication.throttled.rate', value: '1' }];
  const replicas = [{ name: 'follower.replication.throttled.replicas', value: '*' }];
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: ConfigResourceTypes.BROKER,
        name: `${broker}`,
        configEntries: hold ? rate : [],
      },
      {
        type: ConfigResourceTypes.TOPIC,
        name: names.orders,
        configEntries: hold ? replicas : [],
      },
    ],
  });
}

/** Until every partition of the orders is read as far as it goes now. */
async function reachEnds({ admin, names, instances }: World): Promise<void> {
  const ends = await admin.fetchTopicOffsets(names.orders);
  await until('every partition to be read', async () => {
    const { asOf } = await instances.find(({ live }) => live)!.metrics();
    const late = ends.filter(({ partition, high }) => {
      const at = asOf.find((each) => each.partition === partition)?.nextOffset ?? 0;
      return at < Number(high);
    });
    if (late.length > 0)
      throw new Error(`${JSON.stringify(late)} are not reached: ${JSON.stringify(asOf)}`);
    return true;
  });
}

/** The leader changes, the old one lives on as a follower, and then lags: nobody may go on asking it. */
async function leaderMoved(world: World): Promise<void> {
  const { admin, names, cluster, random } = world;
  await world.startReady(2);
  await world.load();
  await world.progress(2000);
  await replicated(world, 3);
  const { leader } = (await ordersMetadata(world))[0]!;
  const others = random.shuffle(cluster.nodes.map(({ id }) => id).filter((id) => id !== leader));
  await admin.alterPartitionReassignments({
    topics: [
      {
        topic: names.orders,
        partitionAssignment: PARTITIONS.map((partition) => ({
          partition,
          replicas: [...others, leader],
        })),
      },
    ],
  });
  await until('another leader', async () => {
    return (await ordersMetadata(world)).every((each) => each.leader === others[0]);
  });
  await holdBack(world, leader, true);
  const old = cluster.nodes.find(({ id }) => id === leader)!;
  old.freeze();
  // Long enough to be out of sync (replica.lag.time.max.ms), too short to be taken for dead, or for a
  // request of the service to fail: no error may tell it.
  await delay(6000);
  old.thaw();
  await until('the old leader to be out of sync', async () => {
    return (await ordersMetadata(world)).every(({ isr }) => !isr.includes(leader));
  });
  await world.progress(2000);
  await reachEnds(world);
  const lagging = (await ordersMetadata(world)).every(({ isr }) => !isr.includes(leader));
  if (!lagging) throw new Error('the old leader did not lag: the scenario proves nothing');
  await holdBack(world, leader, false);
  await replicated(world, 3);
  await world.settle();
}

/** The only broker that keeps one partition of the orders is away when everybody starts. */
async function oneLeaderless(world: World): Promise<void> {
  const { admin, names, cluster } = world;
  const node = cluster.nodes[2]!;
  const assignment = PARTITIONS.map((partition) => ({ partition, replicas: [partition + 1] }));
  await admin.createTopics({
    topics: [{ topic: names.orders, replicaAssignment: assignment }],
    waitForLeaders: true,
  });
  const first = await world.startReady(2);
  const load = await world.load();
  await world.progress(2000);
  await load.stop();
  await Promise.all(first.map((instance) => instance.stop()));
  await node.kill();
  const generator = createOrderGenerator({ seed: 1, products: 8, badRatio: 0.02 });
  const next = () => {
    for (;;) {
      const order = generator.next();
      if (partitionOf(order.key, PARTITIONS.length) !== 2) return order;
    }
  };
  const others = await world.load({ orders: { next } });
  await Promise.all([world.start(), world.start()]);
  await world.progress(4000);
  await others.stop();
  await node.restart();
  await world.load();
  await world.progress(2000);
  await world.settle();
}

export const brokerScenarios: readonly Scenario[] = [
  { name: 'brokers-killed-in-turn', brokers: 3, run: eachInTurn },
  { name: 'majority-away', brokers: 3, run: majorityAway },
  { name: 'dlq-broker-away', brokers: 3, run: dlqBrokerAway },
  {
    name: 'leader-moved-while-the-old-one-lives',
    brokers: 3,
    // So that a throttled replica does not catch up in one step.
    settings: { 'replica.fetch.max.bytes': '16384' },
    run: leaderMoved,
  },
  { name: 'one-partition-without-leader', brokers: 3, run: oneLeaderless },
];

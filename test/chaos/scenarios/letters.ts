// A dead-letter topic that takes less than orders does.
import { createHash } from 'node:crypto';
import kafkajs from 'kafkajs';
import {
  createOrderGenerator,
  type GeneratedOrder,
} from '../../../server/orders/order-generator.ts';
import type { Scenario } from '../scenario.ts';
import { until } from '../until.ts';
import type { World } from '../world.ts';

const { ConfigResourceTypes } = kafkajs;
const KIB = 1024;
const LARGE_EVERY = 100;
const ORDERS = { 'max.message.bytes': `${1024 * KIB}`, 'min.insync.replicas': '1' };
const ROOM = 64 * KIB;

/** Now and then a value that is no order, and that no codec makes smaller. */
function withLargeOnes(seed: number): { next(): GeneratedOrder } {
  const orders = createOrderGenerator({ seed, products: 8, badRatio: 0.05 });
  let count = 0;
  return {
    next() {
      count += 1;
      const order = orders.next();
      if (count % LARGE_EVERY !== 0) return order;
      const bytes = (100 + (count % 700)) * KIB;
      return { ...order, value: noise(`${seed} ${count}`, bytes), reason: 'TOO_BIG' };
    },
  };
}

function noise(seed: string, bytes: number): Buffer {
  return createHash('shake256', { outputLength: bytes }).update(seed).digest();
}

const entries = (config: Record<string, string>) =>
  Object.entries(config).map(([name, value]) => ({ name, value }));

/** What is not named goes back to its default. */
async function set(world: World, name: string, config: Record<string, string>): Promise<void> {
  const type = ConfigResourceTypes.TOPIC;
  const resources = [{ type, name, configEntries: entries(config) }];
  await world.admin.alterConfigs({ validateOnly: false, resources });
}

async function get(world: World, topic: string): Promise<Map<string, string>> {
  const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic }];
  const answer = await world.admin.describeConfigs({ includeSynonyms: false, resources });
  const { configEntries } = answer.resources[0]!;
  return new Map(configEntries.map(({ configName, configValue }) => [configName, configValue]));
}

async function follows(world: World, limit: number): Promise<void> {
  await until('the dead-letter topic to follow orders', async () => {
    const found = await get(world, world.names.deadLetters);
    return (
      Number(found.get('max.message.bytes')) >= limit + ROOM && found.get('retention.ms') === '-1'
    );
  });
}

/**
 * Made beforehand with a limit that is too small, set back again and again under load, and `orders`
 * raised: letters are cut or wait, but no partition stops, and no number is wrong.
 */
async function smallerThanOrders(world: World): Promise<void> {
  const { admin, names, random } = world;
  const orders = { ...ORDERS, 'retention.ms': '-1' };
  const small = { 'max.message.bytes': `${random.between(1, 90) * KIB}` };
  await admin.createTopics({
    waitForLeaders: true,
    topics: [
      {
        topic: names.orders,
        numPartitions: 3,
        replicationFactor: 2,
        configEntries: entries(orders),
      },
      {
        topic: names.deadLetters,
        numPartitions: 1,
        replicationFactor: 2,
        configEntries: entries({ ...small, 'retention.ms': '3600000' }),
      },
    ],
  });
  const instances = await world.startReady(2);
  await follows(world, 1024 * KIB);
  await likeOrders(world);
  await world.load({ rate: 300, orders: withLargeOnes(random.between(1, 1e6)) });
  for (let round = 0; round < 3; round += 1) {
    await world.progress(random.between(300, 1500));
    await set(world, names.deadLetters, small);
    if (random.chance(0.5)) await world.progress(random.between(100, 1000));
    await follows(world, 1024 * KIB);
  }
  await set(world, names.orders, { ...orders, 'max.message.bytes': `${4096 * KIB}` });
  await follows(world, 4096 * KIB);
  await instances[random.between(0, 1)]!.kill();
  await world.progress(500);
  const { reasons } = await world.settle();
  if (!reasons.has('TOO_BIG')) throw new Error('no large letter: the scenario proves nothing');
}

/** The topic that the service made has as many replicas as orders. */
async function likeOrders(world: World): Promise<void> {
  const { checkpoints } = world.names;
  const { topics } = await world.admin.fetchTopicMetadata({ topics: [checkpoints] });
  const replicas = topics[0]!.partitions.map((partition) => partition.replicas.length);
  const minInSync = (await get(world, checkpoints)).get('min.insync.replicas');
  if (replicas.join() !== '2,2,2' || minInSync !== '1')
    throw new Error(`${checkpoints} has ${replicas} replicas, ${minInSync} in sync`);
}

export const letterScenarios: readonly Scenario[] = [
  { name: 'dlq-smaller-than-orders', brokers: 3, run: smallerThanOrders },
];

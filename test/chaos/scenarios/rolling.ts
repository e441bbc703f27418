// The brokers are restarted in good order, one after the other, as for an upgrade.
import { setTimeout as delay } from 'node:timers/promises';
import { longestPause, stretchesIn } from '../activity.ts';
import { startSteadyLoad } from '../load.ts';
import type { Scenario } from '../scenario.ts';
import { until } from '../until.ts';
import type { World } from '../world.ts';

const PARTITIONS = 3;
/** Of activity to be reported, and of what came late to be worked on. */
const SETTLE_MS = 1000;

/** Who leads each partition of the orders, once all brokers keep everything and the first one leads. */
async function leaders({ admin, names, cluster }: World): Promise<Map<number, number>> {
  const topics = [names.orders, names.deadLetters, names.checkpoints, '__consumer_offsets'];
  return until('every partition to be led by its first broker, with all in sync', async () => {
    const found = (await admin.fetchTopicMetadata({ topics })).topics;
    const isWell = found.every(({ partitions }) =>
      partitions.every(
        ({ isr, leader, replicas }) =>
          isr.length === cluster.nodes.length && leader === replicas[0],
      ),
    );
    const orders = found.find(({ name }) => name === names.orders)!.partitions;
    return isWell && new Map(orders.map(({ partitionId, leader }) => [partitionId, leader]));
  });
}

/** For each partition the longest time in ms in which no order of it was worked on. */
async function pauses(world: World, from: number, to: number): Promise<number[]> {
  await delay(SETTLE_MS);
  const work = world.instances.flatMap(({ lines }) => stretchesIn(lines));
  return Array.from({ length: PARTITIONS }, (_, each) => longestPause(work, each, { from, to }));
}

/**
 * Notes how long each partition stood still at most, in ms: while nothing happens, which is what this machine
 * costs, and while a broker is restarted, of those that it led and of the others, which have no reason to.
 */
async function rollingRestart(world: World): Promise<void> {
  const { cluster, names } = world;
  await world.startReady(2, { env: { FAILURE_RATE: '0', CHAOS_ACTIVITY: 'true' } });
  const load = startSteadyLoad(cluster.brokers, names.orders, { seed: 1, partitions: PARTITIONS });
  await world.progress(2000);
  await leaders(world);
  const quietFrom = Date.now();
  await world.progress(4000);
  world.note({ quiet: await pauses(world, quietFrom, Date.now()) });
  for (const node of world.random.shuffle(cluster.nodes)) {
    const led = await leaders(world);
    const from = Date.now();
    await node.stop();
    await world.progress(2000);
    await node.restart();
    await leaders(world);
    const found = await pauses(world, from, Date.now());
    const isItsOwn = (_: number, partition: number) => led.get(partition) === node.id;
    const others = found.filter((ms, partition) => !isItsOwn(ms, partition));
    world.note({ [`broker ${node.id}`]: { itsOwn: found.filter(isItsOwn), others } });
  }
  await load.stop();
  await world.settle();
}

export const rollingScenarios: readonly Scenario[] = [
  { name: 'brokers-restarted-in-turn', brokers: 3, run: rollingRestart },
];

// Members and partitions that come and go.
import { setTimeout as delay } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';
import { until } from '../until.ts';
import type { World } from '../world.ts';

/** One instance stays; two more come and go every few seconds. */
async function storm(world: World): Promise<void> {
  const { random } = world;
  await world.startReady(1);
  await world.load({ rate: 1000 });
  const end = performance.now() + (world.long ? 180_000 : 15_000);
  while (performance.now() < end) {
    const guests = await Promise.all([world.start(), world.start()]);
    await delay(random.between(1000, 4000));
    await Promise.all(guests.map((guest) => (random.chance(0.1) ? guest.kill() : guest.stop())));
    await delay(random.between(500, 3000));
  }
  await world.settle();
}

/** Stopped in good order wherever it is: reading, joining, restoring. */
async function stopAtAnyMoment(world: World): Promise<void> {
  const { random } = world;
  await world.startReady(1);
  await world.load({ rate: 500 });
  for (let round = 0; round < (world.long ? 10 : 3); round += 1) {
    const guest = await world.start();
    await delay(random.between(0, 2000));
    await guest.stop();
  }
  await world.settle();
}

async function grow(world: World): Promise<void> {
  const { names, random } = world;
  const instances = await world.startReady(3);
  const load = await world.load();
  await world.progress(random.between(1000, 5000));
  await world.admin.createPartitions({ topicPartitions: [{ topic: names.orders, count: 6 }] });
  await load.stop();
  // A producer that started later knows of the new partitions.
  await world.load();
  await until('six partitions to be owned', async () => {
    const owned = instances.flatMap((instance) => instance.partitions());
    return owned.length === 6 && new Set(owned).size === 6;
  });
  await world.progress(5000);
  await world.settle();
}

export const rebalanceScenarios: readonly Scenario[] = [
  { name: 'rebalance-storm', run: storm },
  { name: 'stop-at-any-moment', run: stopAtAnyMoment },
  { name: 'partitions-grow', run: grow },
];

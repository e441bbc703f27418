// kill -9: at every failpoint, and at random.
import { setTimeout as delay } from 'node:timers/promises';
import { failpoints } from '../failpoints.ts';
import type { Scenario } from '../scenario.ts';
import type { World } from '../world.ts';

/** The points of redrives are passed by nobody here: `redrive.ts` has them. */
const points = failpoints.filter((failpoint) => !/^(redrive|command)/.test(failpoint));
/** What is passed seldom is killed at the first pass. */
const SELDOM = /^(restore|trim)/;

const atFailpoints = points.map(
  (failpoint): Scenario => ({
    name: `kill-at-${failpoint}`,
    async run(world) {
      const { random } = world;
      await world.startReady(2);
      await world.load();
      await world.progress(2000);
      const passes = SELDOM.test(failpoint) ? 1 : random.between(1, 40);
      const doomed = await world.start({ failpoint, passes });
      await doomed.fallen();
      await world.startReady(1);
      await world.settle();
    },
  }),
);

/** Several at once, each at another point, beside one that stays. */
async function killAtOnce(world: World): Promise<void> {
  const { random, names, admin } = world;
  const topics = [{ topic: names.orders, numPartitions: 4 }];
  await admin.createTopics({ topics, waitForLeaders: true });
  await world.startReady(1);
  await world.load();
  await world.progress(2000);
  const doomed = random.shuffle(points).slice(0, 2);
  const victims = await Promise.all(doomed.map((failpoint) => world.start({ failpoint })));
  await Promise.all(victims.map((victim) => victim.fallen()));
  await world.startReady(1);
  await world.settle();
}

async function killAtRandom(world: World): Promise<void> {
  const { random } = world;
  let running = await world.startReady(3);
  await world.load();
  for (let round = 0; round < (world.long ? 6 : 2); round += 1) {
    await delay(random.between(0, 4000));
    const victims = random.shuffle(running).slice(0, random.between(1, 3));
    await Promise.all(victims.map((victim) => victim.kill()));
    await delay(random.between(0, 2000));
    const fresh = await Promise.all(victims.map(() => world.start()));
    running = [...running.filter((instance) => !victims.includes(instance)), ...fresh];
    if (random.chance(0.5)) await Promise.all(fresh.map((instance) => instance.ready()));
  }
  await Promise.all(running.map((instance) => instance.ready()));
  await world.settle();
}

export const crashScenarios: readonly Scenario[] = [
  ...atFailpoints,
  { name: 'kill-at-failpoints-at-once', run: killAtOnce },
  { name: 'kill-at-random', run: killAtRandom },
];

// SIGSTOP and SIGCONT: an instance that does not know that time has passed.
import { setTimeout as delay } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';
import { until } from '../until.ts';
import type { World } from '../world.ts';

const BELOW_SESSION_TIMEOUT_MS = [2000, 8000] as const;

/** Until its session has run out, its partitions have gone to others, and these have gone on. */
async function beyondTheSessionTimeout(world: World): Promise<void> {
  const { random } = world;
  const instances = await world.startReady(3);
  await world.load();
  for (let round = 0; round < (world.long ? 2 : 1); round += 1) {
    await world.progress(random.between(500, 4000));
    const frozen = random.pick(instances);
    const others = instances.filter((instance) => instance !== frozen);
    const abandoned = frozen.partitions();
    frozen.freeze();
    await until('the others to own all partitions', async () => {
      const owned = others.flatMap((other) => other.partitions());
      return abandoned.every((partition) => owned.includes(partition));
    });
    await world.progress(random.between(500, 4000));
    frozen.thaw();
    await world.progress(2000);
    await Promise.all(instances.map((instance) => instance.ready()));
  }
  await world.settle();
}

async function forAWhile(world: World): Promise<void> {
  const { random } = world;
  const instances = await world.startReady(3);
  await world.load();
  for (let round = 0; round < 4; round += 1) {
    const frozen = random.shuffle(instances).slice(0, random.between(1, 3));
    for (const instance of frozen) instance.freeze();
    await delay(random.between(...BELOW_SESSION_TIMEOUT_MS));
    for (const instance of frozen) instance.thaw();
    await delay(random.between(0, 2000));
  }
  await world.settle();
}

export const freezeScenarios: readonly Scenario[] = [
  { name: 'freeze-beyond-the-session-timeout', run: beyondTheSessionTimeout },
  { name: 'freeze-for-a-while', run: forAWhile },
];

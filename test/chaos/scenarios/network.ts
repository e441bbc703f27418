// A proxy that holds back, drops or repeats a Produce while the owner of its partition changes.
import { setTimeout as delay } from 'node:timers/promises';
import type { Instance } from '../instances.ts';
import type { CaughtProduce } from '../produce-proxy.ts';
import type { Scenario } from '../scenario.ts';
import { until } from '../until.ts';
import type { World } from '../world.ts';

type Kind = 'checkpoint' | 'dead-letter';

function topicOf({ names }: World, kind: Kind): string {
  return kind === 'checkpoint' ? names.checkpoints : names.deadLetters;
}

async function catchNext(world: World, kind: Kind): Promise<CaughtProduce> {
  return world.cluster.proxy!.catchNext(topicOf(world, kind));
}

/** Takes the partition from its owner, by death or by a long freeze; what is to be done in the end. */
async function changeOwner(world: World, partition: number): Promise<() => Promise<void>> {
  const owns = (instance: Instance) => instance.live && instance.partitions().includes(partition);
  const owner = world.instances.find(owns);
  if (owner === undefined) throw new Error(`nobody owns partition ${partition}`);
  const dies = world.random.chance(0.5);
  if (dies) await owner.kill();
  else owner.freeze();
  await until(`partition ${partition} to have another owner`, async () =>
    world.instances.some(owns),
  );
  await world.progress(3000);
  return async () => {
    if (dies) await world.start();
    else owner.thaw();
  };
}

const overOwnerChange = {
  async hold(world: World, produce: CaughtProduce) {
    const restore = await changeOwner(world, produce.partition);
    produce.pass();
    await world.progress(world.random.between(0, 2000));
    await restore();
  },
  async drop(world: World, produce: CaughtProduce) {
    const restore = changeOwner(world, produce.partition);
    await delay(world.random.between(0, 3000));
    if (world.random.chance(0.5)) produce.drop();
    else produce.loseAnswer();
    await (await restore)();
  },
  async repeat(world: World, produce: CaughtProduce) {
    produce.pass();
    const restore = await changeOwner(world, produce.partition);
    await produce.repeat();
    await world.progress(world.random.between(0, 2000));
    await restore();
    await produce.repeat();
  },
} satisfies Record<string, (world: World, produce: CaughtProduce) => Promise<void>>;

function scenario(kind: Kind, fate: keyof typeof overOwnerChange): Scenario {
  return {
    name: `${fate}-${kind}-over-owner-change`,
    async run(world) {
      await world.startReady(3);
      await world.load();
      for (let round = 0; round < (world.long ? 2 : 1); round += 1) {
        await world.progress(world.random.between(500, 3000));
        await overOwnerChange[fate](world, await catchNext(world, kind));
        await world.progress(2000);
        await Promise.all(world.instances.map((each) => each.live && each.ready()));
      }
      await world.settle();
    },
  };
}

async function flakyNetwork(world: World): Promise<void> {
  const { random } = world;
  await world.startReady(2);
  await world.load();
  for (let fault = 0; fault < (world.long ? 40 : 10); fault += 1) {
    const produce = await catchNext(world, random.pick(['checkpoint', 'dead-letter']));
    await delay(random.between(0, 500));
    const fate = random.pick(['pass', 'drop', 'loseAnswer', 'repeat'] as const);
    if (fate === 'repeat') {
      produce.pass();
      await produce.repeat();
    } else produce[fate]();
  }
  await world.settle();
}

const kinds = ['checkpoint', 'dead-letter'] as const;
const fates = ['hold', 'drop', 'repeat'] as const;

export const networkScenarios: readonly Scenario[] = [
  ...kinds.flatMap((kind) => fates.map((fate) => scenario(kind, fate))),
  { name: 'flaky-network', run: flakyNetwork },
];

// Wall clocks that are wrong, and differ: none of them may decide anything.
import type { Scenario } from '../scenario.ts';
import type { World } from '../world.ts';

const HOUR_MS = 3_600_000;

/** One clock an hour back and one two hours ahead; then somebody joins, and somebody falls. */
async function backAndAhead(world: World): Promise<void> {
  const [first, second] = await world.startReady(2);
  await world.load();
  await world.progress(2000);
  first!.setClock(-HOUR_MS);
  second!.setClock(2 * HOUR_MS);
  await world.progress(4000);
  const [third] = await world.startReady(1);
  await Promise.all([first, second].map((instance) => instance!.ready()));
  await world.progress(4000);
  await world.random.pick([first!, second!]).kill();
  await world.progress(4000);
  // What Kafka refused from a clock that is ahead is taken when it is right.
  for (const instance of [first, second]) if (instance!.live) instance!.setClock(0);
  third!.setClock(-HOUR_MS);
  await world.settle();
}

export const clockScenarios: readonly Scenario[] = [
  { name: 'clock-back-and-ahead', run: backAndAhead },
];

// The property: whatever happens, in whatever order, every checkpoint is true and all comes to rest.
import fc from 'fast-check';
import { type Action, actions, apply } from './actions.ts';
import { comeToRest } from './rest.ts';
import type { Fault, Setup } from './task.ts';
import { createWorld } from './world.ts';

const setups: fc.Arbitrary<Setup> = fc.record({
  maxRetries: fc.nat({ max: 2 }),
  maxPending: fc.integer({ min: 1, max: 8 }),
  maxPendingBytes: fc.constantFrom(40, 1e6),
  concurrency: fc.constantFrom(1, 2, 64),
  ordering: fc.constantFrom('none', 'key', 'partition'),
  baseAfter: fc.record({
    redriven: fc.constantFrom(0, 1, 3, 30_000),
    deadLetters: fc.constantFrom(0, 2, 5, 20_000),
  }),
});

export type Story = [setup: Setup, actions: Action[]];

/** Lives through a story; rejects with what was found wrong. `tell` hears of every action. */
export async function live(
  [setup, actions]: Story,
  fault?: Fault,
  tell: (words: string) => void = () => {},
): Promise<void> {
  const world = createWorld(setup, fault);
  const early = world.watch();
  world.start();
  for (const action of actions) await apply(world, action, tell);
  tell('all comes to rest');
  await comeToRest(world, early);
}

/** Every story can be lived through, by the service as it is or with a fault. */
export function property(fault?: Fault) {
  return fc.asyncProperty(setups, actions, (...story) => live(story, fault));
}

/** A story in words. */
export async function retell(story: Story, fault?: Fault): Promise<string[]> {
  const lines: string[] = [JSON.stringify(story[0])];
  try {
    await live(story, fault, (words) => lines.push(words));
  } catch (error) {
    lines.push(String(error));
  }
  return lines;
}

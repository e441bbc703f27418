// The property: whatever happens, in whatever order, every checkpoint is true and all comes to rest.
import fc from 'fast-check';
import { type Action, actions, apply, type Theme } from './actions.ts';
import { comeToRest } from './rest.ts';
import type { Fault, Setup } from './task.ts';
import { createWorld } from './world.ts';

const setup = {
  maxRetries: fc.nat({ max: 2 }),
  maxPending: fc.integer({ min: 1, max: 8 }),
  maxPendingBytes: fc.constantFrom(40, 1e6),
  concurrency: fc.constantFrom(1, 2, 64),
  ordering: fc.constantFrom('none', 'key', 'partition'),
  /** With a least of 1 not one order could be given up, and nothing would come to rest. */
  breaker: fc.record({
    ratio: fc.constantFrom(0, 0, 0.5),
    windowMs: fc.constantFrom(50, 500),
    min: fc.constantFrom(2, 4),
  }),
} as const;
/** Small enough that checkpoints of so short a story lean on others. */
const often = { redriven: [0, 1, 3], deadLetters: [0, 2, 5] } as const;

function baseAfter(redriven: readonly number[], deadLetters: readonly number[]) {
  return fc.record({
    redriven: fc.constantFrom(...redriven),
    deadLetters: fc.constantFrom(...deadLetters),
  });
}

const setups = fc.record({
  ...setup,
  baseAfter: baseAfter([...often.redriven, 30_000], [...often.deadLetters, 20_000]),
});
const setupsOfRedrives = fc.record({
  ...setup,
  baseAfter: baseAfter([1, 3, 8], [1, 3, 8]),
});

const stories: Record<Theme, fc.Arbitrary<Story>> = {
  anything: fc.tuple(setups, actions.anything),
  redrives: fc.tuple(setupsOfRedrives, actions.redrives),
  pauses: fc.tuple(setups, actions.pauses),
  forgeries: fc.tuple(setups, actions.forgeries),
};

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

/** Every story about one of `themes` can be lived through, by the service as it is or with a fault. */
export function property(themes: readonly Theme[], fault?: Fault) {
  const story = fc.oneof(...themes.map((theme) => stories[theme]));
  return fc.asyncProperty(story, (story) => live(story, fault));
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

// How long the model is run, and how a run that went wrong is told.
import fc from 'fast-check';
import type { Test } from 'tap';
import type { Theme } from './actions.ts';
import { property, retell, type Story } from './story.ts';
import type { Fault } from './task.ts';

const numRuns = Number(process.env.MODEL_RUNS ?? 2_000);
/** A planted fault may show in one story of a thousand; looking for it ends as soon as it is found. */
const TIMES_FOR_A_FAULT = 20;
const seed = Number(process.env.MODEL_SEED ?? Date.now() % 2 ** 31);

/** Lives through stories until one goes wrong; its shortest form is told when `shorten` is set. */
export async function run(
  t: Test,
  { themes, fault, shorten }: { themes: readonly Theme[]; fault?: Fault; shorten: boolean },
): Promise<fc.RunDetails<[Story]>> {
  const path = shorten ? process.env.MODEL_PATH : undefined;
  const found = await fc.check(property(themes, fault), {
    numRuns: fault === undefined ? numRuns : numRuns * TIMES_FOR_A_FAULT,
    seed,
    endOnFailure: !shorten,
    ...(path === undefined ? {} : { path }),
  });
  if (shorten && found.failed) {
    t.comment(`again with MODEL_SEED=${seed} MODEL_PATH=${found.counterexamplePath}`);
    for (const line of await retell(found.counterexample![0], fault)) t.comment(line);
  }
  return found;
}

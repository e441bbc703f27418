import fc from 'fast-check';
import t from 'tap';
import { property, retell } from './story.ts';

const numRuns = Number(process.env.MODEL_RUNS ?? 20_000);
const seed = Number(process.env.MODEL_SEED ?? Date.now() & 0x7fffffff);

t.test('whatever happens, every checkpoint is a true statement about the logs', async (t) => {
  const startedAt = performance.now();
  const found = await fc.check(property(), { numRuns, seed });
  t.comment(`${found.numRuns} runs in ${Math.round(performance.now() - startedAt)} ms`);
  if (found.failed) {
    t.comment(`MODEL_SEED=${seed} path ${found.counterexamplePath}`);
    for (const line of await retell(found.counterexample!)) t.comment(line);
  }
  t.notOk(found.failed, String(found.errorInstance));
});

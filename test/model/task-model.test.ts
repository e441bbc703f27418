import t from 'tap';
import { run } from './runs.ts';

t.setTimeout(900_000);

t.test('whatever happens, every checkpoint is a true statement about the logs', async (t) => {
  const { failed, numRuns, seed, errorInstance } = await run(t, {
    themes: ['anything', 'redrives', 'pauses', 'forgeries'],
    shorten: true,
  });
  t.comment(`${numRuns} runs, MODEL_SEED=${seed}`);
  t.notOk(failed, failed ? String(errorInstance) : 'no run contradicts the logs');
});

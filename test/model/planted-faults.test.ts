import t from 'tap';
import { faults } from './faults.ts';
import { run } from './runs.ts';

t.setTimeout(900_000);

for (const [name, fault] of Object.entries(faults)) {
  t.test(`a fault is found: ${name}`, async (t) => {
    const { failed, numRuns, errorInstance } = await run(t, { fault, shorten: false });
    t.comment(`found after ${numRuns} runs: ${errorInstance}`);
    t.ok(failed);
  });
}

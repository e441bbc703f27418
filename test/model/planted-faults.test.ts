import t from 'tap';
import type { Theme } from './actions.ts';
import { faults } from './faults.ts';
import { pauseFaults } from './pause-faults.ts';
import { redriveFaults } from './redrive-faults.ts';
import { run } from './runs.ts';
import type { Fault } from './task.ts';

t.setTimeout(900_000);

const forgeries = ['an origin in a gap taken for an order that was counted'];
for (const [name, fault] of Object.entries(faults)) {
  planted(name, fault, forgeries.includes(name) ? 'forgeries' : 'anything');
}
for (const [name, fault] of Object.entries(redriveFaults)) planted(name, fault, 'redrives');
for (const [name, fault] of Object.entries(pauseFaults)) planted(name, fault, 'pauses');

function planted(name: string, fault: Fault, theme: Theme): void {
  t.test(`a fault is found: ${name}`, async (t) => {
    const found = await run(t, { themes: [theme], fault, shorten: false });
    t.comment(`found after ${found.numRuns} runs: ${found.errorInstance}`);
    t.ok(found.failed);
  });
}

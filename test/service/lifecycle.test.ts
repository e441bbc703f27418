import t from 'tap';
import { createLifecycle, type Phase } from '../../server/service/lifecycle.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

t.test('a service starts, joins, runs and stops, and knows since when', async (t) => {
  const clock = manualClock();
  const lifecycle = createLifecycle(clock);
  t.equal(lifecycle.phase, 'STARTING');
  for (const phase of ['JOINING', 'RUNNING', 'STOPPING'] as const) {
    await clock.advance(10);
    lifecycle.to(phase);
    t.match(lifecycle, { phase, since: clock.monotonic() });
  }
});

t.test('it may stop at any time, and then does nothing else', async (t) => {
  const before: Phase[][] = [[], ['JOINING'], ['JOINING', 'RUNNING']];
  for (const phases of before) {
    const lifecycle = createLifecycle(manualClock());
    for (const phase of phases) lifecycle.to(phase);
    lifecycle.to('STOPPING');
    for (const phase of ['STARTING', 'JOINING', 'RUNNING', 'STOPPING'] as const) {
      t.throws(() => lifecycle.to(phase), TypeError);
    }
  }
});

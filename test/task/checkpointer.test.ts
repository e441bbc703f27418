import t, { type Test } from 'tap';
import { type Checkpointer, createCheckpointer } from '../../server/task/checkpointer.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

const INTERVAL_MS = 100;

/** When checkpoints were taken while something changed all the time, each at `costMs` of a tenth. */
async function timesOf(t: Test, costMs: number): Promise<number[]> {
  const manual = manualClock();
  let worked = 0;
  const clock = { ...manual, monotonic: () => manual.monotonic() + worked };
  const times: number[] = [];
  const checkpointer: Checkpointer = createCheckpointer({
    intervalMs: INTERVAL_MS,
    share: () => 0.1,
    clock,
    take() {
      times.push(clock.monotonic());
      worked += costMs;
      return Buffer.alloc(0);
    },
    write: async () => checkpointer.changed(),
    onFailed: (error) => t.fail('it failed', { error }),
  });
  checkpointer.changed();
  while (times.length < 5) await manual.advance(INTERVAL_MS);
  return times;
}

t.test('checkpoints are taken at every interval when they cost little', async (t) => {
  t.same(await timesOf(t, 2), [0, 100, 200, 300, 400]);
});

t.test('the interval grows with what a checkpoint costs', async (t) => {
  t.same(await timesOf(t, 50), [0, 500, 1000, 1500, 2000]);
});

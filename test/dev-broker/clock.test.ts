import t from 'tap';
import { createClock, TICK_MS } from '../../server/dev-broker/clock.ts';

t.test('deadlines do not pass while the process stands still', async (t) => {
  let real = 1000;
  const now = createClock(() => real);
  const start = now();
  for (let i = 0; i < 10; i++) {
    real += TICK_MS + 3;
    now();
  }
  t.equal(now() - start, 10 * (TICK_MS + 3), 'it goes as real time goes');
  const before = now();
  real += 3_600_000;
  t.ok(now() - before <= 2 * TICK_MS, 'an hour with the lid closed');
  real -= 5000;
  t.ok(now() >= before, 'and never back');
});

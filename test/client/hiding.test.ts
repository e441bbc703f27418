import t from 'tap';
import { createHiding } from '../../client/src/hiding.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

function world() {
  const clock = manualClock();
  const told: string[] = [];
  const hiding = createHiding(
    clock,
    () => told.push('gave up'),
    () => told.push('came back'),
  );
  return { clock, told, hiding };
}

t.test('a tab that is hidden for a short while notices nothing', async (t) => {
  const { clock, told, hiding } = world();
  hiding.setVisible(false);
  await clock.advance(29_000);
  hiding.setVisible(true);
  await clock.advance(60_000);
  t.same([told, hiding.isLong()], [[], false]);
});

t.test('one that is hidden for long gives up, and comes back when it is seen', async (t) => {
  const { clock, told, hiding } = world();
  hiding.setVisible(false);
  await clock.advance(30_000);
  t.same([told, hiding.isLong()], [['gave up'], true]);
  hiding.setVisible(true);
  hiding.setVisible(true);
  t.same([told, hiding.isLong()], [['gave up', 'came back'], false]);
});

t.test('who begins anew was never hidden', async (t) => {
  const { clock, told, hiding } = world();
  hiding.setVisible(false);
  hiding.reset();
  await clock.advance(60_000);
  hiding.setVisible(true);
  t.same(told, []);
});

import fc from 'fast-check';
import t from 'tap';
import { createRetryQueue } from '../../server/task/retry-queue.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

t.test('items come out at their time, in order of due time', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 5000 }), { maxLength: 50 }), async (waits) => {
      const clock = manualClock();
      const start = clock.monotonic();
      const seen: { dueAt: number; at: number }[] = [];
      const queue = createRetryQueue<{ dueAt: number }>({
        clock,
        onDue: (item) => seen.push({ ...item, at: clock.monotonic() }),
      });
      for (const wait of waits) queue.add({ dueAt: start + wait });
      await clock.advance(6000);
      t.same(
        seen.map(({ dueAt }) => dueAt - start),
        waits.toSorted((a, b) => a - b),
      );
      t.ok(seen.every(({ dueAt, at }) => at === dueAt));
    }),
    { numRuns: 30 },
  );
});

t.test('an item that is due earlier than the next moves the alarm', async (t) => {
  const clock = manualClock();
  const seen: number[] = [];
  const queue = createRetryQueue<{ dueAt: number }>({
    clock,
    onDue: ({ dueAt }) => seen.push(dueAt),
  });
  queue.add({ dueAt: clock.monotonic() + 1000 });
  queue.add({ dueAt: clock.monotonic() + 10 });
  await clock.advance(10);
  t.equal(seen.length, 1);
});

t.test('a closed queue calls nobody', async (t) => {
  const clock = manualClock();
  const queue = createRetryQueue<{ dueAt: number }>({ clock, onDue: () => t.fail('called') });
  queue.add({ dueAt: clock.monotonic() + 1 });
  queue.close();
  queue.add({ dueAt: clock.monotonic() + 1 });
  await clock.advance(100);
});

t.test('more than is handed out at once comes without another timer, unless closed', async (t) => {
  const clock = manualClock();
  let seen = 0;
  const queue = createRetryQueue<{ dueAt: number }>({
    clock,
    onDue() {
      seen += 1;
      if (seen === 1200) queue.close();
    },
  });
  for (let i = 0; i < 3000; i += 1) queue.add({ dueAt: clock.monotonic() + 10 });
  await clock.advance(10);
  t.ok(seen > 0 && seen < 1200, 'others get their turn between');
  for (let i = 0; i < 10; i += 1) await clock.breathe();
  t.equal(seen, 1200);
});

import t from 'tap';
import { createWaiters } from '../../server/http/waiting.ts';

t.test('all who wait get the same, and who comes later waits anew', async (t) => {
  const waiting = createWaiters<number>();
  const first = [waiting.wait(), waiting.wait()];
  t.equal(waiting.size(), 2);
  waiting.give(7);
  t.same([waiting.size(), await Promise.all(first)], [0, [7, 7]]);
  const later = waiting.wait();
  waiting.refuse(new Error('none'));
  await t.rejects(later, { message: 'none' });
  t.equal(waiting.size(), 0);
});

import t from 'tap';
import { type Pending, pendingRecord } from '../../server/task/pending.ts';
import { createTurns } from '../../server/task/turns.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

const clock = manualClock();
const waiting = (offset: number, lane: string | null = null): Pending =>
  pendingRecord({ offset, timestamp: 1, body: Buffer.alloc(0) }, lane, 0);

/** Turns that note whom they take; `room` says how many calls may begin. */
function world(take: (pending: Pending) => void = () => {}) {
  const taken: number[] = [];
  const failures: unknown[] = [];
  const calls = { room: Number.POSITIVE_INFINITY };
  const turns = createTurns({
    clock,
    mayBegin: () => calls.room > 0,
    take(pending) {
      calls.room -= 1;
      taken.push(pending.record.offset);
      take(pending);
    },
    onFailed: (error) => failures.push(error),
  });
  return { turns, taken, failures, calls };
}

t.test('who is ready is taken at once, or in order as soon as a call may begin', async (t) => {
  const { turns, taken, calls } = world();
  turns.ready(waiting(0));
  calls.room = 0;
  turns.ready(waiting(1));
  turns.ready(waiting(2));
  t.same(taken, [0]);
  calls.room = 1;
  turns.goOn();
  t.same(taken, [0, 1]);
});

t.test('who stands behind another in its lane is ready when that one leaves', async (t) => {
  const { turns, taken } = world();
  const [first, second] = [waiting(0, 'a'), waiting(1, 'a')];
  t.equal(turns.enter(first), true);
  t.equal(turns.enter(second), false);
  t.equal(turns.enter(waiting(2)), true, 'without a lane nobody stands before it');
  turns.leave(second);
  t.same(taken, [], 'who is not the first there lets nobody on');
  turns.leave(first);
  t.same(taken, [1]);
  turns.leave(second);
  t.notOk(turns.isBusy('a'));
});

t.test('a turn that ends at once does not take the next inside it', async (t) => {
  let depth = 0;
  let deepest = 0;
  const { turns, taken } = world((pending) => {
    depth += 1;
    deepest = Math.max(deepest, depth);
    if (pending.record.offset === 0) for (let n = 1; n < 5; n += 1) turns.ready(waiting(n));
    depth -= 1;
  });
  turns.ready(waiting(0));
  t.same(taken, [0, 1, 2, 3, 4]);
  t.equal(deepest, 1);
});

t.test('what a turn throws is told, and the others get theirs', async (t) => {
  const { turns, taken, failures } = world((pending) => {
    if (pending.record.offset === 0) throw new TypeError('wrong');
  });
  turns.ready(waiting(0));
  turns.ready(waiting(1));
  t.match(failures, [{ message: 'wrong' }]);
  t.same(taken, [0, 1]);
});

t.test('thousands of turns let the event loop go on between them', async (t) => {
  const { turns, taken, calls } = world();
  calls.room = 0;
  for (let n = 0; n < 1500; n += 1) turns.ready(waiting(n));
  calls.room = Number.POSITIVE_INFINITY;
  turns.goOn();
  t.ok(taken.length < 1000, `${taken.length} in one go`);
  await clock.advance(0);
  t.equal(taken.length, 1500);
});

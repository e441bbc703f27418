import t from 'tap';
import { createNextOffset } from '../../../server/task/ledger/next-offset.ts';
import { emptyState } from '../../../server/task/ledger-state.ts';

/** N at 10, with these origins dead-lettered. */
function world(...dead: number[]) {
  const state = { ...emptyState(10, null), restarts: 3 };
  for (const origin of dead) state.deadLetters.add(origin);
  return { state, nextOffset: createNextOffset(state) };
}

t.test('what lies between N and a record is a gap, but for what is dead-lettered', async (t) => {
  const { state, nextOffset } = world(11, 14);
  nextOffset.pass(13, state.gapRanges);
  t.match(state, { nextOffset: 13, deadLettered: 1, restarts: 0 });
  t.same(state.gapRanges, [
    { from: 10, to: 11, count: 1 },
    { from: 12, to: 13, count: 1 },
  ]);
});

t.test('the next dead-lettered record is known, also when it is told later', async (t) => {
  const { state, nextOffset } = world(11);
  t.equal(nextOffset.nextDead, 11);
  nextOffset.pass(11, state.gapRanges);
  nextOffset.stepOverDead();
  t.match(state, { nextOffset: 12, deadLettered: 1 });
  t.equal(nextOffset.nextDead, Number.POSITIVE_INFINITY);
  for (const origin of [15, 13, 14]) {
    state.deadLetters.add(origin);
    nextOffset.addDead(origin);
  }
  t.equal(nextOffset.nextDead, 13);
});

t.test('to be where N is already is no progress', async (t) => {
  const { state, nextOffset } = world();
  nextOffset.pass(10, state.gapRanges);
  t.match(state, { nextOffset: 10, restarts: 3, gapRanges: [] });
});

t.test('N goes back to nothing', async (t) => {
  const { nextOffset } = world();
  nextOffset.expectAtOrAbove(10);
  t.throws(() => nextOffset.expectAtOrAbove(9), { code: 'INCONSISTENT_STATE' });
});

import t from 'tap';
import { MAX_COMMANDS } from '../../server/log/checkpoint-commands.ts';
import { createOutcomes } from '../../server/task/outcomes.ts';

t.test('what a command redrove is counted, and what failed again', async (t) => {
  const outcomes = createOutcomes();
  outcomes.seen('a');
  outcomes.seen('a');
  outcomes.seen('b');
  outcomes.failedAgain('a');
  t.same(Object.fromEntries(outcomes.counts()), {
    a: { seen: 2, failedAgain: 1 },
    b: { seen: 1, failedAgain: 0 },
  });
});

t.test('what was lost is in no number, and there is never less than nothing', async (t) => {
  const outcomes = createOutcomes([{ id: 'a', seen: 1, failedAgain: 0 }]);
  outcomes.lost('a');
  outcomes.lost('a');
  t.same(outcomes.counts().get('a'), { seen: 0, failedAgain: 0 });
});

t.test('it goes on from a checkpoint, in its order', async (t) => {
  const before = ['x', 'y'].map((id) => ({ id, seen: 5, failedAgain: 2 }));
  const outcomes = createOutcomes(before);
  outcomes.failedAgain('x');
  t.same(
    [...outcomes.counts()],
    [
      ['y', { seen: 5, failedAgain: 2 }],
      ['x', { seen: 5, failedAgain: 3 }],
    ],
    'what changed last stands last',
  );
});

t.test(
  'the latest commands are kept; of one that was forgotten only what begins anew',
  async (t) => {
    const outcomes = createOutcomes();
    for (let i = 0; i <= MAX_COMMANDS; i += 1) outcomes.seen(`c${i}`);
    t.equal(outcomes.counts().size, MAX_COMMANDS);
    t.equal(outcomes.counts().has('c0'), false);
    outcomes.failedAgain('c0');
    outcomes.lost('c0');
    t.equal(outcomes.counts().has('c0'), false, 'half of the truth would be a wrong number');
    outcomes.seen('c0');
    t.same(outcomes.counts().get('c0'), { seen: 1, failedAgain: 0 });
    t.equal(outcomes.counts().has('c1'), false);
  },
);

import t from 'tap';
import { createRisingBase } from '../../server/task/rising-base.ts';

function rising() {
  const ends: ({ offset: number; deadLetterOffset: number } | null)[] = [];
  return { ends, ...createRisingBase((base) => ends.push(base)) };
}

t.test('a whole checkpoint is the base once it was read back as the head', async (t) => {
  const { ends, begin, acknowledged, readBack, isAwaited } = rising();
  t.equal(isAwaited(0), false);
  begin(0, 12);
  t.equal(isAwaited(0), true, 'nothing else should be written meanwhile');
  acknowledged(7);
  t.same(ends, []);
  readBack(7, true);
  t.same(ends, [{ offset: 7, deadLetterOffset: 12 }]);
  t.equal(isAwaited(1), false);
});

t.test('it may be read back before the broker has said where it stands', async (t) => {
  const { ends, begin, acknowledged, readBack } = rising();
  begin(0, 12);
  readBack(6, true);
  readBack(7, true);
  t.same(ends, []);
  acknowledged(7);
  t.same(ends, [{ offset: 7, deadLetterOffset: 12 }]);
});

t.test('one that is behind another checkpoint is no base', async (t) => {
  const { ends, begin, acknowledged, readBack, isAwaited } = rising();
  begin(0, 12);
  acknowledged(7);
  readBack(7, false);
  t.same(ends, [null]);
  t.equal(isAwaited(1), false);
});

t.test(
  'one that is not heard of is not waited for for ever, and its answer still counts',
  async (t) => {
    const { ends, begin, acknowledged, readBack, isAwaited } = rising();
    begin(0, 12);
    t.equal(isAwaited(1999), true);
    t.equal(isAwaited(2000), false);
    acknowledged(7);
    readBack(7, true);
    t.same(ends, [{ offset: 7, deadLetterOffset: 12 }]);
  },
);

t.test('the next one takes the place of one that was never heard of', async (t) => {
  const { ends, begin, acknowledged, readBack } = rising();
  begin(0, 12);
  readBack(7, true);
  begin(3000, 20);
  acknowledged(9);
  t.same(ends, [], 'what was read back belongs to the one before');
  readBack(9, true);
  t.same(ends, [{ offset: 9, deadLetterOffset: 20 }]);
});

t.test('without one on its way nothing is concluded', async (t) => {
  const { ends, acknowledged, readBack } = rising();
  acknowledged(7);
  readBack(7, true);
  t.same(ends, []);
});

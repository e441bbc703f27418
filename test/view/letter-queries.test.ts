import t from 'tap';
import type { Steps } from '../../server/log/slices.ts';
import { createLetterColumns, type LetterColumns } from '../../server/view/letter-columns.ts';
import { createLetterGroups } from '../../server/view/letter-groups.ts';
import { createLetterQueries } from '../../server/view/letter-queries.ts';
import { createLetterStates } from '../../server/view/letter-states.ts';

function all<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

function world() {
  const groups = createLetterGroups();
  const states = createLetterStates(groups, 3);
  const partitions = new Map<number, LetterColumns>();
  const queries = createLetterQueries({ partitions, groups, states });
  const add = (partition: number, offset: number, time: number, origin = offset) => {
    const columns = partitions.get(partition) ?? createLetterColumns();
    partitions.set(partition, columns);
    const group = groups.of('A', `A: ${partition}`);
    return columns.add({ offset, time, timeless: false, group, lives: 0, origin });
  };
  return { queries, states, add };
}

t.test('a page goes on where the one before ended, whatever came meanwhile', async (t) => {
  const { queries, add } = world();
  for (const [partition, offset, time] of [
    [0, 0, 10],
    [0, 4, 30],
    [1, 0, 20],
    [1, 2, 40],
  ] as const) {
    add(partition, offset, time);
  }
  const places = (page: { letters: readonly { partition: number; offset: number }[] }) =>
    page.letters.map(({ partition, offset }) => `${partition}-${offset}`);
  const first = all(queries.page({}, 3, new Map()));
  t.same(places(first), ['1-2', '0-4', '1-0']);
  add(1, 3, 50);
  const second = all(queries.page({}, 3, first.next!));
  t.same([places(second), second.next], [['0-0'], null]);
});

t.test('the offsets that match lie in [from, to), in order', async (t) => {
  const { queries, add } = world();
  for (const offset of [1, 3, 5, 7]) add(0, offset, 10 + offset);
  t.same(queries.matching({}, 0, 3, 7), [3, 5]);
  t.same(queries.matching({ from: 16 }, 0, 0, 100), [7]);
  t.same(queries.matching({}, 2, 0, 100), [], 'of a partition without letters');
  t.equal(all(queries.count({ from: 13 })), 3);
});

t.test('a letter is found with what became of it', async (t) => {
  const { queries, states, add } = world();
  const row = add(2, 5, 10);
  add(2, 9, 20, 5);
  t.match(queries.find({ partition: 2, offset: 5 }), {
    ...{ state: 'open', code: 'A', group: 'A: 2', time: 10, later: null, copy: false },
  });
  states.failedAgain(row, 4);
  t.match(queries.find({ partition: 2, offset: 5 }), { state: 'failed-again', later: 9 });
  t.match(queries.find({ partition: 2, offset: 9 }), { copy: true });
  t.equal(queries.find({ partition: 2, offset: 6 }), null);
});

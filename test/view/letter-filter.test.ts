import t from 'tap';
import { createLetterColumns } from '../../server/view/letter-columns.ts';
import { type IndexFilter, rowTest } from '../../server/view/letter-filter.ts';
import { createLetterGroups } from '../../server/view/letter-groups.ts';
import { createLetterStates } from '../../server/view/letter-states.ts';

/** Letters at offsets 0 to 3; the last is the second one for the order of the first. */
function world() {
  const groups = createLetterGroups();
  const states = createLetterStates(groups, 3);
  const columns = createLetterColumns();
  const add = (code: string | null, group: string, origin: number, lives = 0, timeless = false) => {
    const offset = columns.size;
    const number = groups.of(code, group);
    columns.add({ offset, time: offset * 10, timeless, group: number, lives, origin });
  };
  add('A', 'A: x', 0);
  add('A', 'A: y', 1, 3);
  add(null, 'B', 2, 0, true);
  add('A', 'A: x', 0);
  return (filter: IndexFilter) => {
    const test = rowTest(filter, groups, states.of);
    return [0, 1, 2, 3].filter((at) => test(columns.chunks[0]!, at));
  };
}

t.test('who asks for nothing gets every letter, the second ones for an order apart', async (t) => {
  t.same(world()({}), [0, 1, 2]);
});

t.test('a letter has to be all that is asked for', async (t) => {
  const offsets = world();
  t.same(offsets({ code: 'A' }), [0, 1]);
  t.same(offsets({ code: 'A', group: 'A: y' }), [1]);
  t.same(offsets({ group: 'B' }), [2]);
  t.same(offsets({ code: 'C' }), []);
  t.same(offsets({ state: 'parked' }), [1]);
  t.same(offsets({ state: 'open', code: 'A' }), [0]);
});

t.test('a time is in [from, to), and who tells none is never asked for by time', async (t) => {
  const offsets = world();
  t.same(offsets({ from: 0 }), [0, 1]);
  t.same(offsets({ from: 0, to: 10 }), [0]);
  t.same(offsets({ from: 10, to: 11 }), [1]);
  t.same(offsets({ to: 100 }), [0, 1]);
});

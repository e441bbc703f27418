import t from 'tap';
import { createLetterColumns } from '../../server/view/letter-columns.ts';
import { createLetterGroups, STATES } from '../../server/view/letter-groups.ts';
import { createLetterStates } from '../../server/view/letter-states.ts';

function world() {
  const groups = createLetterGroups();
  const states = createLetterStates(groups, 3);
  const columns = createLetterColumns();
  const group = groups.of('A', 'A: x');
  const add = (offset: number, { origin = offset, lives = 0 } = {}) => {
    const row = columns.add({ offset, time: offset, timeless: false, group, lives, origin });
    states.count(row, 1);
    return row;
  };
  const counts = () => [...groups.at(group).letters];
  return { states, add, counts };
}

t.test('a letter is counted in one state, whatever becomes of it', async (t) => {
  const { states, add, counts } = world();
  const row = add(5);
  const state = () => STATES[states.of(row.chunk, row.at)];
  t.same([state(), counts()], ['open', [1, 0, 0, 0]]);
  states.redriven(row);
  states.redriven(row);
  t.same([state(), counts()], ['redriven', [0, 1, 0, 0]]);
  states.failedAgain(row, 7);
  states.failedAgain(row, 9);
  t.same([state(), counts()], ['failed-again', [0, 0, 1, 0]]);
  t.equal(row.chunk.later[row.at], 7, 'the first letter that it became');
  states.count(row, -1);
  t.same(counts(), [0, 0, 0, 0]);
});

t.test('a letter whose order was redriven as often as allowed is parked', async (t) => {
  const { add, counts } = world();
  add(1, { lives: 2 });
  add(2, { lives: 3 });
  add(3, { lives: 99 });
  t.same(counts(), [1, 0, 0, 2]);
});

t.test('a second letter for an order counts nowhere', async (t) => {
  const { states, add, counts } = world();
  add(1, { origin: 4 });
  const copy = add(2, { origin: 4 });
  t.same(counts(), [1, 0, 0, 0]);
  states.redriven(copy);
  states.count(copy, -1);
  t.same(counts(), [1, 0, 0, 0]);
});

t.test('a letter that came back farther behind than can be noted has failed again', async (t) => {
  const { states, add, counts } = world();
  const row = add(1);
  states.failedAgain(row, 2 ** 40);
  t.same(counts(), [0, 0, 1, 0]);
});

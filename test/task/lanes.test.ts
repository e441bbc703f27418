import fc from 'fast-check';
import t from 'tap';
import { createLanes } from '../../server/task/lanes.ts';

t.test('the first of a key goes at once, the others in their order', async (t) => {
  const lanes = createLanes<number>();
  t.equal(lanes.enter('a', 1), true);
  t.equal(lanes.enter('a', 2), false);
  t.equal(lanes.enter('b', 3), true, 'another key is another lane');
  t.equal(lanes.enter('a', 4), false);
  t.equal(lanes.leave('a', 2), undefined, 'who is not the first leaves nothing');
  t.equal(lanes.leave('a', 1), 2);
  t.equal(lanes.leave('a', 1), undefined, 'who has left does so once');
  t.equal(lanes.leave('a', 2), 4);
  t.equal(lanes.leave('a', 4), undefined);
  t.notOk(lanes.isBusy('a'));
  t.ok(lanes.isBusy('b'));
});

t.test('a key may be called anything', async (t) => {
  const lanes = createLanes<number>();
  for (const key of ['', '__proto__', 'constructor']) {
    t.equal(lanes.enter(key, 1), true);
    t.equal(lanes.enter(key, 2), false);
    t.equal(lanes.leave(key, 1), 2);
  }
});

t.test('whatever comes and goes, each key is served one at a time and in order', async () => {
  const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), leave: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 3000 }), (steps) => {
      const lanes = createLanes<number>();
      const expected = new Map<string, number[]>();
      for (const [item, { key, leave }] of steps.entries()) {
        const line = expected.get(key) ?? [];
        expected.set(key, line);
        const first = leave ? line.shift() : undefined;
        if (!leave) line.push(item);
        const right = leave
          ? first === undefined || lanes.leave(key, first) === line[0]
          : lanes.enter(key, item) === (line.length === 1);
        if (!right) return false;
      }
      for (const [key, line] of expected) if (lanes.isBusy(key) !== line.length > 0) return false;
      return true;
    }),
  );
});

t.test(
  'a long line is left as quickly as a short one, and keeps nothing that has gone',
  async (t) => {
    const lanes = createLanes<number>();
    for (let i = 0; i < 200_000; i += 1) lanes.enter('a', i);
    for (let i = 1; i < 200_000; i += 1) if (lanes.leave('a', i - 1) !== i) return t.fail(`${i}`);
    t.equal(lanes.leave('a', 199_999), undefined);
  },
);

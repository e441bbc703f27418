import t from 'tap';
import { createEndHistory } from '../../server/service/end-history.ts';

t.test('a record stands there since the first end above it', async (t) => {
  const history = createEndHistory();
  t.equal(history.firstAbove(0), null);
  history.note(5, 1000);
  history.note(5, 2000);
  history.note(9, 3000);
  t.same(history.firstAbove(4), { at: 1000, orBefore: true });
  t.same(history.firstAbove(5), { at: 3000, orBefore: false });
  t.equal(history.firstAbove(9), null);
});

t.test('a shorter log is another one', async (t) => {
  const history = createEndHistory();
  history.note(5, 1000);
  history.note(2, 2000);
  t.same(history.firstAbove(1), { at: 2000, orBefore: true });
});

t.test('a backlog of a day is coarse and never older than it is', async (t) => {
  const history = createEndHistory();
  history.note(0, 0);
  for (let second = 1; second <= 86_400; second += 1) history.note(second, second * 1000);
  const { at, orBefore } = history.firstAbove(40_000)!;
  t.ok(at >= 40_001_000 && at < 41_000_000, String(at));
  t.notOk(orBefore);
});

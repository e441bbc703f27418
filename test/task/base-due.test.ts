import t from 'tap';
import { isAhead, isBaseDue, mayBeGone } from '../../server/task/base-due.ts';

const after = { redriven: 10, deadLetters: 20 };
const base = { offset: 5, deadLetterOffset: 100 };
const books = (sinceBase: number, deadLetterOffset: number, size = 0) => ({
  base,
  redriven: { sinceBase },
  deadLetterOffset,
  deadLetters: { size },
});

t.test('a whole checkpoint is due when too much has come since the last one', async (t) => {
  t.notOk(isBaseDue(books(10, 120), 0, after));
  t.ok(isBaseDue(books(11, 120), 0, after), 'redriven orders');
  t.ok(isBaseDue(books(10, 121), 0, after), 'dead letters');
  t.notOk(isBaseDue(books(10, 121, 1000), 0, after), 'few beside those that there are');
  t.ok(isBaseDue({ ...books(0, 21), base: null }, 0, after), 'since ever, without one');
});

t.test('a whole checkpoint is due when the last one may have been trimmed', async (t) => {
  t.notOk(isBaseDue(books(0, 100), 5, after));
  t.ok(isBaseDue(books(0, 100), 6, after));
  t.notOk(mayBeGone(null, 6));
});

t.test('books are ahead of a head in N, in d, or when fewer wait', async (t) => {
  const head = { nextOffset: 10, deadLetterOffset: 3, pendingCount: 2 };
  const same = { nextOffset: 10, deadLetterOffset: 3, pending: { size: 2 } };
  t.notOk(isAhead(same, head));
  t.ok(isAhead({ ...same, nextOffset: 11 }, head));
  t.ok(isAhead({ ...same, deadLetterOffset: 4 }, head));
  t.ok(isAhead({ ...same, pending: { size: 1 } }, head));
});

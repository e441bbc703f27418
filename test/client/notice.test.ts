import t from 'tap';
import { newsOf } from '../../client/src/notice.ts';
import { fromSnapshot } from '../../client/src/store.ts';
import { aSnapshot, deadLetters } from '../fixtures/snapshot.ts';

const before = fromSnapshot(aSnapshot({ arrivals: 10 }));

t.test('new dead letters are named by their codes, most frequent first', async (t) => {
  const [first] = deadLetters(1, 0);
  const item = (code: string | null) => ({ ...first!, code });
  const letters = [item('PERMANENT'), item('MALFORMED'), item('MALFORMED'), item(null)];
  const now = fromSnapshot(aSnapshot({ arrivals: 13, deadLetters: letters }));
  t.equal(newsOf(before, now), '3 new dead letters: MALFORMED (2), PERMANENT (1)');
  const many = fromSnapshot(aSnapshot({ arrivals: 99, deadLetters: letters }));
  t.equal(
    newsOf(before, many),
    '89 new dead letters: among them MALFORMED (2), PERMANENT (1), no code (1)',
  );
});

t.test(
  'without any there is nothing to tell, and of another process it is not known',
  async (t) => {
    t.equal(newsOf(before, before), null);
    t.equal(newsOf(before, { ...before, epoch: before.epoch + 1, arrivals: 20 }), null);
  },
);

import t from 'tap';
import { createNotSent } from '../../server/task/not-sent.ts';

t.test('it is said how many letters were not sent, for each reason that there is', async (t) => {
  const notSent = createNotSent();
  t.same(notSent.words(), []);
  notSent.add('again', 2);
  notSent.add('leftOut', 1);
  notSent.refused('too large');
  notSent.add('again', 1);
  t.same(notSent.words(), [
    '3 were redriven already',
    '1 cannot be sent',
    '1 are refused: too large',
  ]);
});

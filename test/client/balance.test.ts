import t from 'tap';
import { balanceWords } from '../../client/src/balance.ts';
import { someMetrics } from '../fixtures/snapshot.ts';

const { balance } = someMetrics();

t.test('the balance is a sum that can be checked', async (t) => {
  t.equal(balanceWords(balance).line, 'read 6,881 = counted 6,854 + dead letters 23 + waiting 4');
  t.equal(balanceWords(balance).words, 'Every order that was read is in exactly one of these.');
});

t.test('what is no order of ours is taken off, by name', async (t) => {
  const { line, words } = balanceWords({
    ...balance,
    read: 6891,
    gaps: 1,
    lost: 2,
    copies: 3,
    foreign: 4,
    corrections: 5,
  });
  t.match(line, /^read 6,891 − 1 gaps − 2 lost − 3 copies − 4 foreign = counted/);
  t.match(words, /Gaps are .* Lost orders .* Copies are .* Foreign orders .* 5 were taken back/);
});

import t from 'tap';
import type { Command, CommandBody, RedriveCommand } from '../../server/log/command.ts';
import { createCommandHistory } from '../../server/view/command-history.ts';

const author = { group: 'g', at: 1, by: 'ann', from: '::1', why: 'a test' };
const command = (id: string, body: CommandBody): Command => ({ ...author, id, ...body });
const share: RedriveCommand = {
  kind: 'redrive',
  selection: { kind: 'offsets', offsets: [1] },
  ...{ selected: 1, rate: null, notBefore: 0, canary: null, maxRedrives: 3, value: null },
};

t.test('a partition is paused until it is resumed, each for itself', async (t) => {
  const { take, pauses } = createCommandHistory();
  take(0, command('a', { kind: 'pause', breaker: false }));
  take(1, command('a', { kind: 'pause', breaker: false }));
  take(0, command('b', { kind: 'resume' }));
  t.same([...pauses().keys()], [1]);
});

t.test('an append that is repeated late brings nothing back', async (t) => {
  const { take, pauses } = createCommandHistory();
  take(0, command('a', { kind: 'pause', breaker: false }));
  take(0, command('b', { kind: 'resume' }));
  take(0, command('a', { kind: 'pause', breaker: false }));
  t.equal(pauses().size, 0);
});

t.test('the shares of a redrive come together, whatever partition is read first', async (t) => {
  const { take, redrive, redrives } = createCommandHistory();
  take(2, command('r', { kind: 'cancel' }));
  t.equal(redrive('r'), null, 'not asked for as far as is known');
  take(1, command('r', share));
  take(0, command('r', share));
  take(0, command('r', { kind: 'closed', outcome: 'done', seen: 1, failedAgain: 0 }));
  take(0, command('other', { kind: 'closed', outcome: 'done', seen: 1, failedAgain: 0 }));
  t.same([...redrive('r')!.shares.keys()], [1, 0]);
  t.same([...redrive('r')!.closed.keys()], [0]);
  t.match(redrive('r')!.cancelled, { by: 'ann' }, 'called off before it was read');
  t.equal([...redrives()].length, 1);
});

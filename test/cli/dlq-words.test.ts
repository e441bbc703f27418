import t from 'tap';
import { outcomeWords, previewWords } from '../../server/cli/dlq-words.ts';
import type { RedriveAnswer, RedriveShown } from '../../server/http/contract-commands.ts';

t.test('what a redrive comes to is said in numbers, and nothing that is 0', async (t) => {
  const words = (counts: Partial<RedriveAnswer>) =>
    previewWords({
      selected: 0,
      alreadyRedriven: 0,
      parked: 0,
      leftOut: 0,
      ...counts,
    } as RedriveAnswer);
  t.equal(words({ selected: 1 }), '1 dead letter');
  t.equal(words({ selected: 12_000 }), '12,000 dead letters');
  t.equal(
    words({ alreadyRedriven: 2, leftOut: 1 }),
    '0 dead letters; 2 redriven already; 1 that cannot be sent',
  );
  t.match(words({ selected: 1, parked: 1 }), /1 parked \(redriven too often/);
});

t.test(
  'what became of a redrive: processed, failed again, and what is still to come',
  async (t) => {
    const words = (report: Partial<RedriveShown>) =>
      outcomeWords({
        state: 'done',
        reason: null,
        sent: 0,
        selected: 0,
        processed: 0,
        failedAgain: 0,
        waiting: 0,
        ...report,
      } as RedriveShown);
    t.equal(
      words({ sent: 12, selected: 12, processed: 11, failedAgain: 1 }),
      'done: 11 processed, 1 failed again',
    );
    t.equal(
      words({ state: 'sending', sent: 3, selected: 5, processed: 1, waiting: 2 }),
      'sending: 1 processed, 2 waiting, 2 not sent',
    );
    t.equal(
      words({ state: 'stopped', reason: 'a\u001b[2Jb', selected: 1 }),
      'stopped (a?[2Jb): 0 processed, 1 not sent',
    );
  },
);

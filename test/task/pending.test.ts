import t from 'tap';
import { exhaustedBefore, pendingOrder } from '../../server/task/pending.ts';

const waiting = (error: string) => ({
  ...pendingOrder({ offset: 7, timestamp: 1, body: Buffer.alloc(0) }, 5),
  attempts: 4,
  error,
});

t.test('an order that was given up before a restart keeps its reason', async (t) => {
  const given = [
    ['RETRIES_EXHAUSTED: no answer (attempt 4 of 4)', 'retries_exhausted'],
    ['PERMANENT: no such customer', 'permanent'],
  ] as const;
  for (const [reason, disposition] of given) {
    t.match(exhaustedBefore(waiting(reason)), { reason, disposition, attempts: 4 });
  }
});

t.test(
  'an order that may be retried no more, since the limit is lower now, gets one',
  async (t) => {
    t.match(exhaustedBefore(waiting('no answer')), {
      reason: 'RETRIES_EXHAUSTED: no answer (after 4 attempts)',
      disposition: 'retries_exhausted',
    });
  },
);

import t from 'tap';
import { CORE_REASONS } from '../../server/log/fault.ts';
import { givenUpBefore, pendingRecord } from '../../server/task/pending.ts';

const waiting = (error: string) => ({
  ...pendingRecord({ offset: 7, timestamp: 1, body: Buffer.alloc(0) }, null, 5),
  attempts: 4,
  error,
});

t.test('an order that was given up before a restart keeps its reason and its words', async (t) => {
  for (const givenUp of ['RETRIES_EXHAUSTED', 'PERMANENT'] as const) {
    const text = `${givenUp}: no answer`;
    const cause = givenUpBefore({ ...waiting(text), givenUp });
    t.match(cause, { reason: CORE_REASONS[givenUp], text, attempts: 4 });
  }
});

t.test(
  'an order that may be retried no more, since the limit is lower now, gets one',
  async (t) => {
    t.match(givenUpBefore(waiting('no answer')), {
      reason: CORE_REASONS.RETRIES_EXHAUSTED,
      text: 'RETRIES_EXHAUSTED: no answer (after 4 attempts)',
    });
  },
);

import t from 'tap';
import { workOf } from '../../server/service/work.ts';

t.test(
  'what is done with each partition of this instance, in order, times by the second',
  async (t) => {
    const calm = { inFlight: 0, retrying: 0, givenUp: 0 };
    const waiting = [
      { partition: 2, ...calm },
      { partition: 0, inFlight: 1, retrying: 3, givenUp: 0 },
    ];
    const status = () => ({ restoring: [1], failures: [], fenced: [], waiting });
    const waitingSince = () =>
      new Map([
        [0, Date.UTC(2026, 0, 1) + 999],
        [2, null],
      ]);
    t.same(workOf({ status, waitingSince }), [
      { partition: 0, inFlight: 1, retrying: 3, givenUp: 0, oldest: '2026-01-01T00:00:00.000Z' },
      { partition: 2, ...calm, oldest: null },
    ]);
  },
);

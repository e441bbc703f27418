import t from 'tap';
import { createWork } from '../../server/service/work.ts';

const AT = Date.UTC(2026, 0, 1);

t.test('what is done with each partition of this instance, in order, a second old', async (t) => {
  const calm = { inFlight: 0, retrying: 0, givenUp: 0 };
  let waiting = [
    { partition: 2, ...calm },
    { partition: 0, inFlight: 1, retrying: 3, givenUp: 0 },
  ];
  let now = 0;
  const status = () => ({ restoring: [1], failures: [], fenced: [], waiting });
  const waitingSince = () =>
    new Map([
      [0, AT + 999],
      [2, null],
    ]);
  const read = createWork({ status, waitingSince }, { monotonic: () => now });
  const first = [
    { partition: 0, inFlight: 1, retrying: 3, givenUp: 0, oldest: '2026-01-01T00:00:00.000Z' },
    { partition: 2, ...calm, oldest: null },
  ];
  t.same(read(), first, 'times by the second');
  waiting = [];
  now = 999;
  t.same(read(), first);
  now = 1000;
  t.same(read(), []);
});

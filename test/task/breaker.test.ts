import fc from 'fast-check';
import t from 'tap';
import { createBreaker } from '../../server/task/breaker.ts';

const limits = { ratio: 0.5, windowMs: 10_000, min: 100 };

t.test('a flood is stopped as soon as there are enough orders to judge by', async (t) => {
  const breaker = createBreaker(limits);
  let letThrough = 0;
  while (breaker.judge(letThrough, 0) === null) letThrough += 1;
  t.equal(letThrough, 99);
  t.equal(breaker.judge(1000, 0), '100 of 100 orders failed for good within 1 s');
});

t.test('the share decides, not the number', async (t) => {
  const breaker = createBreaker(limits);
  breaker.note(0, 0);
  for (let failed = 1; failed <= 1000; failed += 1) {
    t.equal(breaker.judge(failed, failed), null, 'half of them is not more than half');
  }
  t.match(breaker.judge(1001, 1000), /^1001 of 2001 orders failed for good within 1 s$/);
});

t.test('what lies before the window does not count', async (t) => {
  const breaker = createBreaker(limits);
  breaker.note(0, 0);
  for (let at = 0; at <= 60_000; at += 1000) breaker.note(at, 1_000_000);
  let letThrough = 0;
  while (breaker.judge(60_001, 1_000_000) === null) letThrough += 1;
  t.equal(letThrough, 99, 'a million orders that went well are long ago');
  for (let at = 61_000; at <= 75_000; at += 1000) breaker.note(at, 1_000_000);
  t.equal(breaker.judge(75_000, 1_000_000), null, 'nor do failures stay for ever');
});

t.test('without a ratio everything may be given up', async (t) => {
  const breaker = createBreaker({ ...limits, ratio: 0 });
  for (let i = 0; i < 1000; i += 1) t.equal(breaker.judge(i, 0), null);
});

t.test('a reset begins a new window', async (t) => {
  const breaker = createBreaker({ ...limits, min: 2 });
  t.equal(breaker.judge(0, 0), null);
  t.not(breaker.judge(1, 0), null);
  breaker.reset();
  t.equal(breaker.judge(2, 0), null);
  t.not(breaker.judge(3, 0), null);
});

t.test('an hour at the default failure rate is no flood', async (t) => {
  const breaker = createBreaker({ ratio: 0.5, windowMs: 60_000, min: 100 });
  // Every tenth attempt fails, and an order is given up after four: one of 10,000.
  let random = 7;
  let counted = 0;
  for (let at = 0; at < 3_600_000; at += 1) {
    random = (random * 48_271) % 2_147_483_647;
    if (random % 10_000 === 0) t.equal(breaker.judge(at, counted), null);
    else counted += 1;
    if (at % 100 === 0) breaker.note(at, counted);
  }
});

t.test('no window ever lets more through than its share', async () => {
  const order = fc.record({ fails: fc.boolean(), ms: fc.nat(400) });
  fc.assert(
    fc.property(fc.array(order, { maxLength: 400 }), (orders) => {
      const small = { ratio: 0.3, windowMs: 3000, min: 10 };
      const breaker = createBreaker(small);
      const ends: { at: number; failed: boolean }[] = [];
      let at = 0;
      for (const { fails, ms } of orders) {
        at += ms;
        const counted = ends.filter(({ failed }) => !failed).length;
        breaker.note(at, counted);
        if (fails && breaker.judge(at, counted) !== null) continue;
        ends.push({ at, failed: fails });
        const window = ends.filter((end) => end.at > at - small.windowMs);
        const failed = window.filter((end) => end.failed).length;
        const longer = ends.filter((end) => end.at > at - small.windowMs * 1.2);
        if (fails && failed > Math.max(small.min - 1, small.ratio * longer.length)) return false;
      }
      return true;
    }),
  );
});

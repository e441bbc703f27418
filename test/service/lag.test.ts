import t from 'tap';
import { createLag } from '../../server/service/lag.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

type Answer = { low: number; high: number } | { error: string };

/** Two partitions whose heads and ends the test sets. */
function world() {
  const clock = manualClock();
  const heads = new Map<number, { nextOffset: number }>();
  const ends = new Map<number, Answer>();
  const state = { known: true, old: new Set<number>() };
  const lag = createLag({
    readEnds: async () => new Map(ends),
    heads: () => heads,
    isKnown: () => state.known,
    old: () => state.old,
    clock,
  });
  lag.partitions(2);
  return Object.assign(state, {
    clock,
    lag,
    head: (partition: number, nextOffset: number) => heads.set(partition, { nextOffset }),
    end: (partition: number, answer: Answer) => ends.set(partition, answer),
    lags: () => lag.read().map((each) => each.lag),
  });
}

t.test('before anybody has answered nothing is known of any partition', async (t) => {
  const { lag } = world();
  t.same(lag.read(), [
    { partition: 0, endOffset: null, lag: null, firstUnread: null },
    { partition: 1, endOffset: null, lag: null, firstUnread: null },
  ]);
});

t.test('lag grows with the end, though the checkpoint stands still', async (t) => {
  const { lag, lags, head, end } = world();
  head(0, 10);
  head(1, 5);
  end(1, { low: 0, high: 5 });
  for (const high of [10, 500, 90_000]) {
    end(0, { low: 0, high });
    await lag.ask();
    t.same(lags(), [high - 10, 0]);
  }
});

t.test('an end that is not answered becomes unknown, the other one stays known', async (t) => {
  const { clock, lag, lags, head, end } = world();
  head(0, 1);
  head(1, 1);
  end(0, { low: 0, high: 4 });
  end(1, { low: 0, high: 9 });
  await lag.ask();
  end(0, { error: 'NOT_LEADER_OR_FOLLOWER (6)' });
  for (let i = 0; i < 5; i += 1) {
    await clock.advance(1001);
    await lag.ask();
  }
  t.same(lags(), [null, 8]);
});

t.test('a partition without a checkpoint is behind by all that is kept', async (t) => {
  const { lag, lags, end } = world();
  end(0, { low: 100, high: 130 });
  await lag.ask();
  t.same(lags(), [30, null]);
});

t.test('heads that are not read yet, or cannot be followed, give no lag', async (t) => {
  const w = world();
  w.head(0, 1);
  w.end(0, { low: 0, high: 4 });
  await w.lag.ask();
  w.known = false;
  t.match(w.lag.read()[0], { endOffset: 4, lag: null });
  w.known = true;
  w.old.add(0);
  t.match(w.lag.read()[0], { endOffset: 4, lag: null });
});

t.test('a head that is newer than the end is caught up', async (t) => {
  const { lag, lags, head, end } = world();
  head(0, 4);
  end(0, { low: 0, high: 4 });
  await lag.ask();
  head(0, 6);
  t.same(lags(), [0, null]);
});

t.test('a log that is shorter than what was read of it has no known lag', async (t) => {
  const { lag, lags, head, end } = world();
  head(0, 50);
  end(0, { low: 0, high: 3 });
  await lag.ask();
  t.same(lags(), [null, null]);
});

t.test('an answer that came late counts from when it was asked for', async (t) => {
  const clock = manualClock();
  let answer = (_ends: Map<number, Answer>) => {};
  const lag = createLag({
    readEnds: () => new Promise((resolve) => (answer = resolve)),
    heads: () => new Map(),
    isKnown: () => true,
    old: () => new Set(),
    clock,
  });
  lag.partitions(1);
  const asked = lag.ask();
  await clock.advance(6000);
  answer(new Map([[0, { low: 0, high: 3 }]]));
  await asked;
  t.match(lag.read(), [{ lag: null }]);
});

t.test('since when the first unread order stands there', async (t) => {
  const { clock, lag, head, end } = world();
  const first = () => lag.read()[0]!.firstUnread;
  const since = () => new Date(clock.now()).toISOString();
  end(0, { low: 0, high: 10 });
  await lag.ask();
  t.same(first(), { since: since(), orBefore: true }, 'it stood there at the first look');
  head(0, 10);
  t.equal(first(), null, 'all is read');
  await clock.advance(1000);
  end(0, { low: 0, high: 12 });
  await lag.ask();
  const seen = since();
  await clock.advance(1000);
  end(0, { low: 0, high: 90 });
  await lag.ask();
  t.same(first(), { since: seen, orBefore: false });
  head(0, 13);
  t.same(first(), { since: since(), orBefore: false });
});

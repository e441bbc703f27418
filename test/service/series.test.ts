import t from 'tap';
import { createSeries, type Reading } from '../../server/service/series.ts';

const START = Date.UTC(2026, 0, 1);

type Mutable = { -readonly [Name in keyof Reading]: Reading[Name] };

/** One reading a second, with counters that a test moves. */
function world() {
  const series = createSeries();
  let second = 0;
  const state: Mutable = { read: 0, retries: 0, deadLettered: 0, lag: 0, owners: 'a' };
  return {
    state,
    read: (range: '2m' | '15m' | '1h') => series.read(range, START + second * 1000),
    pass(seconds: number, change: (state: Mutable) => void = () => {}) {
      for (let i = 0; i < seconds; i += 1) {
        second += 1;
        change(state);
        series.sample(START + second * 1000, { ...state });
      }
    },
    unknown(seconds: number) {
      second += seconds;
    },
  };
}

t.test('a rate is what a counter grew by in a second', async (t) => {
  const w = world();
  w.pass(130, (state) => {
    state.read += 40;
    state.retries += 3;
  });
  const { throughput, retries, deadLetters, step, to } = w.read('2m');
  t.equal(step, 1);
  t.equal(to, new Date(START + 130_000).toISOString());
  t.same(throughput, new Array(120).fill(40));
  t.same(retries, new Array(120).fill(3));
  t.same(deadLetters, new Array(120).fill(0));
});

t.test('what was not known is a gap, before it began and in between', async (t) => {
  const w = world();
  w.pass(10, (state) => {
    state.read += 5;
  });
  w.unknown(20);
  w.state.read += 900;
  w.pass(10, (state) => {
    state.read += 5;
  });
  const { throughput, lag } = w.read('2m');
  const known = (points: (number | null)[]) => points.filter((point) => point !== null);
  t.equal(throughput.length, 120);
  t.same(known(throughput), new Array(18).fill(5), 'the first of each stretch has none before it');
  t.equal(known(lag).length, 20);
  t.equal(throughput[119 - 9 - 10], null);
});

t.test('a quarter of an hour and an hour have fewer, wider points', async (t) => {
  const w = world();
  w.pass(3600, (state) => {
    state.read += 2;
    state.lag = (state.lag ?? 0) + 1;
  });
  const quarter = w.read('15m');
  t.equal(quarter.step, 5);
  t.same(quarter.throughput, new Array(180).fill(2));
  t.equal(quarter.lag.at(-1), 3600);
  const hour = w.read('1h');
  t.equal(hour.step, 15);
  t.equal(hour.throughput.length, 240);
  t.same(hour.throughput.slice(1), new Array(239).fill(2));
});

t.test('it is bounded: an older sample makes room', async (t) => {
  const w = world();
  w.pass(10_000, (state) => {
    state.read += 1;
  });
  t.same(w.read('1h').throughput.slice(1), new Array(239).fill(1));
});

t.test('an unknown lag is no 0, and a counter that was set back has no rate', async (t) => {
  const w = world();
  w.state.read = 500;
  w.pass(2);
  w.state.lag = null;
  w.state.read = 3;
  w.pass(1);
  t.equal(w.read('2m').lag.at(-1), null);
  t.equal(w.read('2m').throughput.at(-1), null);
});

t.test('partitions that moved are marked, once', async (t) => {
  const w = world();
  w.pass(5);
  w.state.owners = 'b';
  w.pass(5);
  t.same(w.read('2m').marks, [{ at: new Date(START + 6000).toISOString(), kind: 'rebalance' }]);
});

import t from 'tap';
import type { Follower, LogReader } from '../../server/log/ports.ts';
import { createProgress } from '../../server/log/progress.ts';
import { watchHandler, watchReader } from '../../server/task/watched.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

const tp = { topic: 'orders', partition: 0 };
const set = { bytes: Buffer.alloc(0), aborted: [], highWatermark: 0, lastStableOffset: 0 };
const BOUND = 5000;

/** A reader in the hands of the test. */
function world(records: Follower['records'] = async () => {}) {
  const clock = manualClock();
  const progress = createProgress(clock);
  const failures: unknown[] = [];
  let inner!: Follower;
  let answer = (_bounds: { low: number; high: number }) => {};
  const reader: LogReader = {
    bounds: () => new Promise((resolve) => (answer = resolve)),
    topicId: async () => null,
    follow(_tp, _from, follower) {
      inner = follower;
      return { close() {} };
    },
  };
  const watched = watchReader(reader, progress);
  const following = watched.follow(tp, 0, {
    records,
    outOfRange: (_position, { low }) => low,
    failed: (error) => failures.push(error),
  });
  const doing = () => progress.stalls(BOUND).map((stall) => stall.doing);
  const late = () => clock.advance(BOUND + 1);
  return {
    watched,
    following,
    inner,
    doing,
    late,
    failures,
    answer: () => answer({ low: 0, high: 0 }),
  };
}

t.test('an answer without records is progress, no answer is not', async (t) => {
  const { inner, doing, late } = world();
  await late();
  t.same(doing(), ['read']);
  await inner.records(set);
  t.same(doing(), []);
  await late();
  t.same(doing(), ['read']);
});

t.test('a follower that takes its time is not a Kafka that does not answer', async (t) => {
  let take = () => {};
  const { inner, doing, late } = world(() => new Promise((resolve) => (take = resolve)));
  const taken = inner.records(set);
  await late();
  t.same(doing(), ['work']);
  take();
  await taken;
  t.same(doing(), []);
});

t.test('nobody waits any more after the end, by closing or by an error', async (t) => {
  const closed = world();
  closed.following.close();
  await closed.late();
  t.same(closed.doing(), []);
  const failed = world();
  failed.inner.failed(new Error('damaged'));
  await failed.late();
  t.same(failed.doing(), []);
  t.match(failed.failures, [{ message: 'damaged' }]);
});

t.test('a close while records are worked on leaves nothing behind', async (t) => {
  let take = () => {};
  const { inner, following, doing, late } = world(() => new Promise((resolve) => (take = resolve)));
  const taken = inner.records(set);
  following.close();
  take();
  await taken;
  await late();
  t.same(doing(), []);
});

t.test('a rejection of the follower reaches the reader', async (t) => {
  const { inner } = world(async () => {
    throw new Error('inconsistent');
  });
  await t.rejects(inner.records(set), { message: 'inconsistent' });
});

t.test('asking for the ends is waiting as well', async (t) => {
  const { watched, following, doing, late, answer } = world();
  following.close();
  const asked = watched.bounds(tp);
  await late();
  t.same(doing(), ['read']);
  answer();
  await asked;
  t.same(doing(), []);
});

t.test('a handler call is under way until its promise has settled', async (t) => {
  const clock = manualClock();
  const progress = createProgress(clock);
  const order = { orderId: 'a', product: 'b', price: 1 };
  const place = { ...tp, offset: 41, attempt: 1 };
  const { signal } = new AbortController();
  const took: number[] = [];
  const ended = (ms: number) => void took.push(ms);
  t.equal(
    watchHandler(() => {}, progress, clock, ended)(order, place, signal),
    undefined,
    'what returns is done',
  );
  let settle!: { resolve: () => void; reject: (error: Error) => void };
  const handle = watchHandler(
    () => new Promise((resolve, reject) => (settle = { resolve, reject })),
    progress,
    clock,
    ended,
  );
  const call = handle(order, place, signal);
  await clock.advance(BOUND + 1);
  t.match(progress.stalls(BOUND), [{ doing: 'handle', tp, offset: 41 }]);
  settle.reject(new Error('no'));
  await t.rejects(Promise.resolve(call), { message: 'no' });
  t.same(took, [BOUND + 1], 'only of a call that took time is the time told');
  t.same(progress.stalls(BOUND), []);
});

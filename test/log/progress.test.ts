import t from 'tap';
import { createProgress } from '../../server/log/progress.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

const tp = { topic: 'orders', partition: 2 };
const BOUND = 5000;

function world() {
  const clock = manualClock();
  return { clock, progress: createProgress(clock) };
}

t.test('what has ended, and what has just begun, is no stall', async (t) => {
  const { clock, progress } = world();
  progress.begin('write', tp).done();
  await clock.advance(BOUND);
  progress.begin('write', tp);
  await clock.advance(BOUND);
  t.same(progress.stalls(BOUND), []);
});

t.test('what is under way for too long is told with its last error', async (t) => {
  const { clock, progress } = world();
  const since = clock.now();
  const write = progress.begin('write', tp);
  write.failed(new Error('first'));
  write.failed(new Error('last'));
  await clock.advance(BOUND + 1);
  const stall = { doing: 'write', tp, since, error: 'last', offset: null, count: 1 };
  t.same(progress.stalls(BOUND), [stall]);
  write.done();
  t.same(progress.stalls(BOUND), []);
});

t.test('of many at one place the oldest is told, and how many there are', async (t) => {
  const { clock, progress } = world();
  const first = progress.begin('handle', tp, 7);
  await clock.advance(1000);
  progress.begin('handle', tp, 8);
  await clock.advance(BOUND);
  t.match(progress.stalls(BOUND), [{ offset: 7, count: 2 }]);
  first.done();
  first.done();
  t.same(progress.stalls(BOUND), []);
  await clock.advance(1);
  t.match(progress.stalls(BOUND), [{ offset: 8, count: 1 }]);
});

t.test('the error of a read is the last one that its partition gave', async (t) => {
  const { clock, progress } = world();
  progress.begin('read', tp);
  progress.readEnded(tp, 'KAFKA_STORAGE_ERROR (56)');
  await clock.advance(BOUND + 1);
  t.match(progress.stalls(BOUND), [{ error: 'KAFKA_STORAGE_ERROR (56)' }]);
  progress.readEnded(tp, null);
  t.match(progress.stalls(BOUND), [{ error: null }]);
});

t.test('time before a given moment does not count', async (t) => {
  const { clock, progress } = world();
  progress.begin('read', tp);
  await clock.advance(60_000);
  const back = clock.monotonic();
  await clock.advance(BOUND);
  t.same(progress.stalls(BOUND, back), []);
  await clock.advance(1);
  t.equal(progress.stalls(BOUND, back).length, 1);
});

t.test('a wall clock that is set back or ahead changes nothing', async (t) => {
  const { clock } = world();
  let shift = 0;
  const progress = createProgress({ now: () => clock.now() + shift, monotonic: clock.monotonic });
  progress.begin('write', tp);
  shift = 7_200_000;
  t.same(progress.stalls(BOUND), []);
  shift = -7_200_000;
  await clock.advance(BOUND + 1);
  t.equal(progress.stalls(BOUND).length, 1);
});

t.test('a note stands until it is taken back', async (t) => {
  const { progress } = world();
  progress.note('clock', 'wrong');
  progress.note('clock', 'still wrong');
  t.same(progress.notes(), ['still wrong']);
  progress.note('clock', null);
  t.same(progress.notes(), []);
});

import t from 'tap';
import { type Called, createCalls, FailedCall, type Handle } from '../../server/task/calls.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

const place = { topic: 'orders', partition: 0, offset: 7, attempt: 1 };

/** The promise of a call that is under way. */
function ended(called: Called): Promise<void> {
  if (called instanceof Promise) return called;
  throw new TypeError('the call has ended already');
}

function world(handle: Handle<string>, concurrency = 2) {
  const clock = manualClock();
  const seen = { rooms: 0 };
  const calls = createCalls({
    handle,
    concurrency,
    timeoutMs: 1000,
    clock,
    onRoom: () => {
      seen.rooms += 1;
    },
  });
  return { clock, calls, seen };
}

t.test('a handler that returns nothing is done at once and takes no room', async (t) => {
  const given: unknown[] = [];
  const { calls, seen } = world((value, where, signal) => {
    given.push(value, where, signal.aborted);
  });
  t.equal(calls.begin('a', place), undefined);
  t.same(given, ['a', place, false]);
  t.match({ size: calls.size, ...seen }, { size: 0, rooms: 0 });
});

t.test('what it throws at once, or returns as an Error, is why the call failed', async (t) => {
  const thrown: unknown[] = [new RangeError('x'), 'a text', undefined];
  for (const error of thrown) {
    const { calls } = world(() => {
      throw error;
    });
    const called = calls.begin('a', place);
    t.ok(called instanceof FailedCall);
    t.match(called, { error });
    t.equal(calls.size, 0, 'and takes no room');
  }
  const failure = new Error('busy');
  const { calls } = world(() => failure);
  t.match(calls.begin('a', place), { error: failure });
  t.match({ size: calls.size, hasRoom: calls.hasRoom }, { size: 0, hasRoom: true });
});

t.test('a promise of an Error is a rejection, one of anything else is not', async (t) => {
  const answers = [new Error('busy'), 7] as unknown[] as undefined[];
  const { calls } = world(async () => answers.shift());
  await t.rejects(ended(calls.begin('a', place)), new Error('busy'));
  await ended(calls.begin('b', place));
  t.equal(calls.size, 0);
});

t.test('a handler that returns what is no Error has succeeded', async (t) => {
  const { calls } = world(() => ({ ok: true }) as unknown as undefined);
  t.equal(calls.begin('a', place), undefined);
});

t.test('at most so many calls are open, and each end makes room', async (t) => {
  const ends: (() => void)[] = [];
  const { calls, seen } = world(() => new Promise((resolve) => ends.push(resolve)));
  const first = calls.begin('a', place);
  t.ok(calls.hasRoom);
  const second = calls.begin('b', place);
  t.notOk(calls.hasRoom);
  ends[0]!();
  await first;
  t.ok(calls.hasRoom);
  t.equal(seen.rooms, 1);
  ends[1]!();
  await second;
  t.match({ size: calls.size, ...seen }, { size: 0, rooms: 2 });
});

t.test('a rejection is the call’s own', async (t) => {
  const { calls } = world(() => Promise.reject(new Error('busy')));
  await t.rejects(ended(calls.begin('a', place)), new Error('busy'));
  t.equal(calls.size, 0);
});

t.test('anything with a then is awaited, and one that throws when asked has failed', async (t) => {
  const thenable = (then: PromiseLike<void>['then']) => ({ then }) as PromiseLike<void>;
  const good = world(() => thenable((done) => Promise.resolve().then(() => done?.()) as never));
  await good.calls.begin('a', place);
  const bad = world(() =>
    thenable(() => {
      throw new Error('asked');
    }),
  );
  await t.rejects(ended(bad.calls.begin('a', place)), new Error('asked'));
  t.equal(bad.calls.size, 0);
});

t.test(
  'a call that takes too long fails, its signal fires, and a late end is nothing',
  async (t) => {
    let end = () => {};
    const signals: AbortSignal[] = [];
    const { calls, clock } = world((_value, _place, signal) => {
      signals.push(signal);
      return new Promise((resolve) => {
        end = resolve;
      });
    });
    const call = ended(calls.begin('a', place));
    const failed = t.rejects(call, { name: 'TimeoutError', message: /1000 ms/ });
    await clock.advance(999);
    t.notOk(signals[0]!.aborted);
    await clock.advance(1);
    await failed;
    t.match(signals[0], { aborted: true, reason: { name: 'TimeoutError' } });
    t.equal(calls.size, 0);
    end();
    await clock.advance(0);
    t.equal(calls.size, 0);
  },
);

t.test('each call has a signal of its own', async (t) => {
  const signals: AbortSignal[] = [];
  const { calls, clock } = world((_value, _place, signal) => {
    signals.push(signal);
    return new Promise(() => {});
  }, 3);
  ended(calls.begin('a', place)).catch(() => {});
  await clock.advance(500);
  ended(calls.begin('b', place)).catch(() => {});
  await clock.advance(500);
  t.same(
    signals.map(({ aborted }) => aborted),
    [true, false],
  );
});

t.test('closing fires every signal and waits for the calls, but not for ever', async (t) => {
  const { calls, clock } = world((value, _place, signal) => {
    if (value === 'deaf') return new Promise(() => {});
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  });
  const listening = ended(calls.begin('listens', place));
  const aborted = t.rejects(listening, { name: 'AbortError' });
  await calls.close(5000);
  await aborted;
  ended(calls.begin('deaf', place)).catch(() => {});
  let closed = false;
  const closing = calls.close(500).then(() => {
    closed = true;
  });
  await clock.advance(499);
  t.notOk(closed);
  await clock.advance(1);
  await closing;
  t.ok(closed);
});

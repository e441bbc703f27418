import t from 'tap';
import { AppError } from '../../server/errors.ts';
import { pause, retry } from '../../server/log/retry.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

const passing = new AppError('KAFKA', 'not now', true);
const lasting = new AppError('KAFKA', 'never', false);

function world(random = () => 1) {
  const clock = manualClock();
  const abort = new AbortController();
  const backoff = { clock, random, firstMs: 100, maxMs: 1000, signal: abort.signal };
  const heard: [unknown, number][] = [];
  const failed = (error: unknown, failures: number) => void heard.push([error, failures]);
  return { clock, abort, backoff, heard, failed };
}

/** The times at which a step that always fails is tried, within `ms`. */
async function triesWithin(ms: number, random?: () => number): Promise<number[]> {
  const { clock, backoff, failed, abort } = world(random);
  const tries: number[] = [];
  const step = async () => {
    tries.push(clock.monotonic());
    throw passing;
  };
  const ended = retry(step, { ...backoff, failed }).catch(() => {});
  await clock.advance(ms);
  abort.abort();
  await ended;
  return tries;
}

t.test('the waits double up to the longest one', async (t) => {
  t.same(await triesWithin(4000), [0, 100, 300, 700, 1500, 2500, 3500]);
});

t.test('no wait is shorter than half of what it may be', async (t) => {
  t.same(await triesWithin(1500, () => 0), [0, 50, 150, 350, 750, 1250]);
});

t.test('what succeeds in the end is the result, and every failure was heard of', async (t) => {
  const { clock, backoff, heard, failed } = world();
  const outcomes = [passing, passing, 42];
  const step = async () => {
    const outcome = outcomes.shift();
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
  const done = retry(step, { ...backoff, failed });
  await clock.advance(300);
  t.equal(await done, 42);
  t.same(heard, [
    [passing, 0],
    [passing, 1],
  ]);
});

t.test('what trying again cannot mend is thrown at once', async (t) => {
  const { backoff, heard, failed } = world();
  const step = (error: unknown) => async () => {
    throw error;
  };
  await t.rejects(retry(step(lasting), { ...backoff, failed }), lasting);
  const mistake = new TypeError('x is undefined');
  await t.rejects(retry(step(mistake), { ...backoff, failed }), mistake);
  t.same(heard, []);
});

t.test(
  'the caller may know better what passes, and give up when it has heard enough',
  async (t) => {
    const { clock, backoff } = world();
    let tries = 0;
    const step = async () => {
      tries += 1;
      throw lasting;
    };
    const failed = (error: unknown, failures: number) => {
      if (failures === 2) throw error;
    };
    const done = retry(step, { ...backoff, mayPass: () => true, failed });
    const rejected = t.rejects(done, lasting);
    await clock.advance(1000);
    await rejected;
    t.equal(tries, 3);
  },
);

t.test('an abort ends the wait at once, with its reason', async (t) => {
  const { clock, abort, backoff, failed } = world();
  let tries = 0;
  const step = async () => {
    tries += 1;
    throw passing;
  };
  const done = retry(step, { ...backoff, failed });
  const rejected = t.rejects(done, lasting);
  await clock.advance(0);
  abort.abort(lasting);
  await rejected;
  await clock.advance(5000);
  t.equal(tries, 1, 'nothing is tried any more');
});

t.test('who is aborted before does not even try', async (t) => {
  const { abort, backoff, failed } = world();
  abort.abort(lasting);
  await t.rejects(
    retry(async () => t.fail('tried'), { ...backoff, failed }),
    lasting,
  );
  await pause(3, backoff);
});

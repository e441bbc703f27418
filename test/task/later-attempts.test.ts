import t from 'tap';
import { CORE_REASONS, Fault } from '../../server/log/fault.ts';
import { Unready } from '../../server/log/unready.ts';
import { type Called, FailedCall } from '../../server/task/calls.ts';
import { createLaterAttempts } from '../../server/task/later-attempts.ts';
import { pendingRecord } from '../../server/task/pending.ts';

const record = { offset: 7, timestamp: 1, body: Buffer.alloc(0) };

/** What is done with a record whose bytes are judged so and whose call comes to that. */
function world(judged: string | Fault | Unready, called?: Called) {
  const done: unknown[][] = [];
  const note = (what: string) => (_pending: unknown, more?: unknown) =>
    void done.push([what, more]);
  const attempt = createLaterAttempts<string>({
    ledger: { retried: () => void done.push(['retried']) },
    judge: { stored: () => judged },
    caller: { again: () => called },
    waiting: {
      ready: note('ready'),
      giveUp: note('giveUp'),
      failed: note('failed'),
      follow: note('follow'),
      settle: note('settle'),
    },
    policy: { maxRetries: 2 },
    clock: { now: () => 5 },
    onFailed: note('onFailed'),
  });
  return { done, attempt };
}

const pending = (attempts: number) => pendingRecord(record, null, 0, { attempts });

t.test('a record is settled, failed or followed, as its call says', async (t) => {
  const failure = new Error('busy');
  const call = Promise.resolve();
  for (const [called, what] of [
    [undefined, ['settle', 'value']],
    [new FailedCall(failure), ['failed', failure]],
    [call, ['follow', 'value']],
  ] as const) {
    const { done, attempt } = world('value', called);
    attempt(pending(1));
    t.same(done, [['retried'], what]);
  }
});

t.test('one that stood in line is not counted as a retry', async (t) => {
  const { done, attempt } = world('value');
  attempt(pending(0));
  t.same(done, [['settle', 'value']]);
});

t.test('one whose attempts are used up, or that was given up before, is not called', async (t) => {
  const { done, attempt } = world('value');
  attempt(pending(3));
  attempt(pendingRecord(record, null, 0, { attempts: 1, givenUp: 'PERMANENT' }));
  t.match(done, [
    ['giveUp', { reason: CORE_REASONS.RETRIES_EXHAUSTED }],
    ['giveUp', { reason: CORE_REASONS.PERMANENT }],
  ]);
});

t.test('one that is no value by now is given up, one that nobody knows yet waits', async (t) => {
  const bad = world(new Fault(CORE_REASONS.MALFORMED, 'nothing'));
  bad.attempt(pending(1));
  t.match(bad.done, [['giveUp', { reason: CORE_REASONS.MALFORMED }]]);
  const ready = Promise.resolve();
  const { done, attempt } = world(new Unready(ready));
  attempt(pending(1));
  t.same(done, []);
  await ready;
  await null;
  t.match(done, [['ready']]);
});

import t from 'tap';
import { PermanentError, TransientError } from '../../server/errors.ts';
import { CORE_REASONS } from '../../server/log/fault.ts';
import { classify } from '../../server/task/failure.ts';
import {
  decide as decideOn,
  type Failures,
  type RetryPolicy,
} from '../../server/task/retry-policy.ts';

const policy = { maxRetries: 3, backoffMs: 1000, maxBackoffMs: 30_000 };
/** Decides on what the error means. */
function decide(error: unknown, failures: Failures, policy: RetryPolicy, random: number) {
  const failure = classify(error, 0);
  if (failure.kind === 'programmer') throw error;
  return decideOn(error, failure, failures, policy, random);
}

const failures = (attempts: number) => ({ attempts, firstFailedAt: 1, lastFailedAt: 2 });

t.test('the wait is drawn from the whole of a doubling interval', async (t) => {
  const error = new TransientError('busy');
  const waits = [1, 2, 3].map((attempts) => decide(error, failures(attempts), policy, 0.5));
  t.same(
    waits,
    [500, 1000, 2000].map((afterMs) => ({ kind: 'retry', afterMs, error: 'busy' })),
  );
  t.same(decide(error, failures(1), policy, 0), { kind: 'retry', afterMs: 0, error: 'busy' });
});

t.test('the wait has a ceiling, however many attempts there were', async (t) => {
  const many = { ...policy, maxRetries: 2000 };
  const decision = decide(new Error('busy'), failures(1999), many, 0.999);
  t.same(decision, { kind: 'retry', afterMs: 29_970, error: 'busy' });
});

t.test('after the last retry the order is given up', async (t) => {
  t.match(decide(new TransientError('busy'), failures(4), policy, 0.5), {
    kind: 'dead-letter',
    cause: {
      reason: CORE_REASONS.RETRIES_EXHAUSTED,
      text: 'RETRIES_EXHAUSTED: busy (attempt 4 of 4)',
      exceptionClass: 'TransientError',
      attempts: 4,
    },
  });
});

t.test('a permanent failure is given up at once', async (t) => {
  t.match(decide(new PermanentError('no such customer'), failures(1), policy, 0.5), {
    kind: 'dead-letter',
    cause: { reason: CORE_REASONS.PERMANENT, text: 'PERMANENT: no such customer' },
  });
});

t.test('whatever was thrown is told within bounds', async (t) => {
  const huge = new Error('x'.repeat(100_000));
  huge.name = 'y'.repeat(100_000);
  const odd = Object.assign(new Error(), { message: Object.create(null) as string, name: 7 });
  for (const thrown of [huge, odd, Object.create(null), Symbol('s'), null, 'z'.repeat(100_000)]) {
    const decision = decide(thrown, failures(4), policy, 0.5);
    if (decision.kind !== 'dead-letter') throw new Error('it is given up');
    const { text: reason, exceptionClass, exceptionMessage } = decision.cause;
    t.match(reason, /^(PERMANENT: .|RETRIES_EXHAUSTED: .+ \(attempt 4 of 4\)$)/);
    for (const text of [reason, exceptionClass, exceptionMessage]) {
      t.ok(Buffer.byteLength(text) <= 1024);
    }
  }
});

t.test('who asks for patience is not called sooner', async (t) => {
  const error = Object.assign(new Error('busy'), { status: 429, retryAfter: 5 });
  t.match(decide(error, failures(1), policy, 0.5), { kind: 'retry', afterMs: 5000 });
});

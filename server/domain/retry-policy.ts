// What becomes of an order whose handling failed: another attempt after a while, or a dead letter.
import { describe, isRetriable } from '../errors.ts';
import type { DeadLetterCause } from './dead-letter.ts';

export type RetryPolicy = {
  /** Attempts after the first. */
  readonly maxRetries: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
};

/** The failed attempts of one order so far; times in ms since 1970. */
export type Failures = {
  readonly attempts: number;
  readonly firstFailedAt: number;
  readonly lastFailedAt: number;
};

export type Decision =
  | { readonly kind: 'retry'; readonly afterMs: number }
  | { readonly kind: 'dead-letter'; readonly cause: DeadLetterCause };

/**
 * Decides after a failure. `random` is in [0, 1): exponential backoff with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). Not for programmer
 * errors, which stop the task instead.
 */
export function decide(
  error: unknown,
  failures: Failures,
  policy: RetryPolicy,
  random: number,
): Decision {
  if (!isRetriable(error)) {
    return deadLetter('permanent', `PERMANENT: ${describe(error)}`, error, failures);
  }
  if (failures.attempts <= policy.maxRetries) {
    const ceiling = Math.min(policy.maxBackoffMs, policy.backoffMs * 2 ** (failures.attempts - 1));
    return { kind: 'retry', afterMs: Math.round(random * ceiling) };
  }
  const reason = `RETRIES_EXHAUSTED: ${describe(error)} (attempt ${failures.attempts} of ${policy.maxRetries + 1})`;
  return deadLetter('retries_exhausted', reason, error, failures);
}

function deadLetter(
  disposition: DeadLetterCause['disposition'],
  reason: string,
  error: unknown,
  failures: Failures,
): Decision {
  const exceptionClass = error instanceof Error ? error.name : typeof error;
  const exceptionMessage = describe(error);
  return {
    kind: 'dead-letter',
    cause: { stage: 'process', disposition, reason, exceptionClass, exceptionMessage, ...failures },
  };
}

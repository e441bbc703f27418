// What becomes of an order whose handling failed: another attempt after a while, or a dead letter.
import { className, describe, isRetriable } from '../errors.ts';
import { clip } from '../log/clip.ts';
import { type DeadLetterCause, MAX_NAME_BYTES, MAX_TEXT_BYTES } from '../log/dead-letter.ts';

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
    return deadLetter('permanent', `PERMANENT: ${messageOf(error)}`, error, failures);
  }
  if (failures.attempts <= policy.maxRetries) {
    const ceiling = Math.min(policy.maxBackoffMs, policy.backoffMs * 2 ** (failures.attempts - 1));
    return { kind: 'retry', afterMs: Math.round(random * ceiling) };
  }
  const reason = `RETRIES_EXHAUSTED: ${messageOf(error)} (attempt ${failures.attempts} of ${policy.maxRetries + 1})`;
  return deadLetter('retries_exhausted', reason, error, failures);
}

/** Room in a text for what stands around the message. */
const ROOM = 64;

/** A handler may put anything into an error, and a hundred thousand of them may wait. */
function messageOf(error: unknown): string {
  return clip(describe(error), MAX_TEXT_BYTES - ROOM);
}

function deadLetter(
  disposition: DeadLetterCause['disposition'],
  reason: string,
  error: unknown,
  failures: Failures,
): Decision {
  const exceptionClass = clip(className(error), MAX_NAME_BYTES);
  const exceptionMessage = messageOf(error);
  return {
    kind: 'dead-letter',
    cause: { stage: 'process', disposition, reason, exceptionClass, exceptionMessage, ...failures },
  };
}

// What becomes of a record whose handling failed: another attempt after a while, or a dead letter.
import { className, describe } from '../errors.ts';
import { clip } from '../log/clip.ts';
import { type DeadLetterCause, MAX_NAME_BYTES, MAX_TEXT_BYTES } from '../log/dead-letter.ts';
import { CORE_REASONS, Fault, type Reason } from '../log/fault.ts';
import type { Failure } from './failure.ts';

export type RetryPolicy = {
  /** Attempts after the first. */
  readonly maxRetries: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
};

/** The failed attempts of one record so far; times in ms since 1970. */
export type Failures = {
  readonly attempts: number;
  readonly firstFailedAt: number;
  readonly lastFailedAt: number;
};

export type Decision =
  | { readonly kind: 'retry'; readonly afterMs: number; readonly error: string }
  | { readonly kind: 'dead-letter'; readonly cause: DeadLetterCause };

/**
 * Decides after a failure that `failure` classifies. `random` is in [0, 1): exponential backoff with
 * full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), and never
 * sooner than the other side asked for.
 */
export function decide(
  error: unknown,
  failure: Exclude<Failure, { kind: 'programmer' }>,
  failures: Failures,
  policy: RetryPolicy,
  random: number,
): Decision {
  const { maxRetries, backoffMs, maxBackoffMs } = policy;
  const { attempts } = failures;
  if (failure.kind === 'permanent') {
    return deadLetter(CORE_REASONS.PERMANENT, messageOf(error), error, failures);
  }
  if (attempts <= maxRetries) {
    const ceiling = Math.min(maxBackoffMs, backoffMs * 2 ** (attempts - 1));
    const afterMs = Math.max(Math.round(random * ceiling), failure.retryAfterMs);
    return { kind: 'retry', afterMs, error: messageOf(error) };
  }
  const found = `${messageOf(error)} (attempt ${attempts} of ${maxRetries + 1})`;
  return deadLetter(CORE_REASONS.RETRIES_EXHAUSTED, found, error, failures);
}

/** Room in a text for what stands around the message. */
const ROOM = 64;

/** A handler may put anything into an error, and a hundred thousand of them may wait. */
function messageOf(error: unknown): string {
  return clip(describe(error), MAX_TEXT_BYTES - ROOM);
}

function deadLetter(
  reason: Reason,
  found: string,
  error: unknown,
  { attempts, firstFailedAt, lastFailedAt }: Failures,
): Decision {
  const exceptionClass = clip(className(error), MAX_NAME_BYTES);
  const exceptionMessage = messageOf(error);
  const { text } = new Fault(reason, found);
  return {
    kind: 'dead-letter',
    cause: {
      reason,
      text,
      exceptionClass,
      exceptionMessage,
      attempts,
      firstFailedAt,
      lastFailedAt,
    },
  };
}

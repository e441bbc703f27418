// What becomes of a record that failed: it waits for its next attempt, or it is given up and waits for
// its dead letter.
import { clip } from '../log/clip.ts';
import type { Clock } from '../log/clock.ts';
import type { DeadLetterCause } from '../log/dead-letter.ts';
import { classify } from './failure.ts';
import type { Ledger } from './ledger.ts';
import { givenUpFor, type Pending } from './pending.ts';
import { decide, type RetryPolicy } from './retry-policy.ts';
import { createRetryQueue } from './retry-queue.ts';

export type Retries = {
  /** An attempt has failed. */
  failed(pending: Pending, error: unknown): void;
  /** It is not tried again, or once more after `retryHeldBack`, when none may be given up now. */
  giveUp(pending: Pending, cause: DeadLetterCause): void;
  /** It waits until it is due. */
  wait(pending: Pending): void;
  /** Its dead letter was read, it waits no more. */
  ended(pending: Pending): void;
  /** Those that were not to be given up are due now. */
  retryHeldBack(): void;
  /** How many have been given up and wait for their dead letter. */
  readonly givenUp: number;
  /** Calls nobody again. */
  close(): void;
};

/** Of the last failure of each that waits: there may be a hundred thousand. */
const MAX_ERROR_BYTES = 200;

/**
 * Nothing has failed yet. `onDue` is called with each whose time has come, `mayGiveUp` before each that is
 * to be given up, `onGivenUp` once with each that is, `onFailed` with a programmer's error.
 */
export function createRetries(deps: {
  ledger: Pick<Ledger<unknown, unknown>, 'failed'>;
  policy: RetryPolicy;
  clock: Clock;
  random: () => number;
  onDue: (pending: Pending) => void;
  mayGiveUp: () => boolean;
  onGivenUp: (pending: Pending, cause: DeadLetterCause) => void;
  onChange: () => void;
  onFailed: (error: unknown) => void;
}): Retries {
  const { ledger, policy, clock, random } = deps;
  const { onDue, mayGiveUp, onGivenUp, onChange, onFailed } = deps;
  const queue = createRetryQueue<Pending>({ clock, onDue });
  const givenUp = new Set<Pending>();
  let heldBack: Pending[] = [];

  function giveUp(pending: Pending, cause: DeadLetterCause): void {
    const error = clip(cause.text, MAX_ERROR_BYTES);
    if (!mayGiveUp()) {
      // One attempt is left to it: what it failed with may be mended by then.
      ledger.failed(pending, { error, attempts: Math.min(pending.attempts, policy.maxRetries) });
      heldBack.push(pending);
      onChange();
      return;
    }
    ledger.failed(pending, { givenUp: givenUpFor(cause), error });
    givenUp.add(pending);
    onChange();
    onGivenUp(pending, cause);
  }

  return {
    failed(pending, error) {
      const now = clock.now();
      const failure = classify(error, now);
      if (failure.kind === 'programmer') {
        onFailed(error);
        return;
      }
      onChange();
      const attempts = pending.attempts + 1;
      const firstFailedAt = attempts === 1 ? now : pending.firstFailedAt;
      const failures = { attempts, firstFailedAt, lastFailedAt: now };
      const decision = decide(error, failure, failures, policy, random());
      if (decision.kind === 'dead-letter') {
        ledger.failed(pending, failures);
        giveUp(pending, decision.cause);
        return;
      }
      ledger.failed(pending, {
        attempts,
        firstFailedAt,
        lastFailedAt: now,
        error: clip(decision.error, MAX_ERROR_BYTES),
        dueAt: clock.monotonic() + decision.afterMs,
      });
      queue.add(pending);
    },
    giveUp,
    wait: queue.add,
    ended: (pending) => void givenUp.delete(pending),
    retryHeldBack() {
      const again = heldBack;
      heldBack = [];
      for (const pending of again) onDue(pending);
    },
    get givenUp() {
      return givenUp.size;
    },
    close: queue.close,
  };
}

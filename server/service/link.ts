// Does Kafka answer? Told by everybody who asks it something; one broker of several that is away, or
// one lost connection, is not Kafka being away.
import type { Clock } from '../log/clock.ts';

/**
 * An error counts once nothing was answered for this long: others may still get answers. Shorter than
 * the time between two looks of the log, which so never hears of what an outage brings with it.
 */
const ERROR_BOUND_MS = 500;
/** Somebody asks several times a second, so this long without an answer is silence. */
const SILENCE_BOUND_MS = 5000;

export type LinkState = {
  readonly up: boolean;
  /** When `up` last changed, ms since 1970. */
  readonly since: number;
  /** The same on the monotonic clock. */
  readonly changedAt: number;
  /** Why it is down; null while it is up, and while nobody has tried for long enough to know. */
  readonly error: string | null;
};

export type Link = {
  answered(): void;
  /** Somebody asked and got this error. */
  failed(error: string): void;
  /** A connection could not be made, which is the reason for as long as nobody knows a better one. */
  suspect(error: string): void;
  state(): LinkState;
};

/** Down until the first answer. */
export function createLink(clock: Pick<Clock, 'now' | 'monotonic'>): Link {
  const openedAt = clock.monotonic();
  let answeredAt: number | null = null;
  let error: string | null = null;
  let known = { up: false, since: clock.now(), changedAt: openedAt };

  /** Why it is down; undefined while it is up. */
  function outage(): string | null | undefined {
    const silent = clock.monotonic() - (answeredAt ?? openedAt);
    if (error !== null && (answeredAt === null || silent > ERROR_BOUND_MS)) return error;
    if (silent > SILENCE_BOUND_MS) return 'no answer';
    return answeredAt === null ? null : undefined;
  }

  function look(): string | null | undefined {
    const reason = outage();
    const up = reason === undefined;
    if (up !== known.up) known = { up, since: clock.now(), changedAt: clock.monotonic() };
    return reason;
  }

  return {
    answered() {
      // An outage counts also when it began and ended between two looks.
      look();
      answeredAt = clock.monotonic();
      error = null;
      look();
    },
    failed(words) {
      error = reasonIn(words);
    },
    suspect(words) {
      error ??= reasonIn(words);
    },
    state() {
      const reason = look();
      return { ...known, error: reason ?? null };
    },
  };
}

/** Without what kafkajs puts before it. */
function reasonIn(words: string): string {
  return words.replace(/^Connection error: /, '');
}

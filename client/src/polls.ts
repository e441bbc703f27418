// Asks for snapshots, one at a time, and knows when to ask again.
import type { Snapshot } from '../../server/http/contract.ts';
import { createAlarm } from './alarm.ts';
import { backoff } from './backoff.ts';
import type { FeedPorts } from './feed-state.ts';

const POLL = 1000;
/** Nobody sees a hidden tab: enough for its title. */
const POLL_HIDDEN = 15_000;
const RETRIES = [1, 2, 4, 8];
const FAILURES_TO_GIVE_UP = 3;
/** A server that lets one wait this long is there and frozen: it is asked again at once, to be heard as it wakes. */
const FROZEN = 2000;
const POLL_FROZEN = 250;

type Polled = {
  /** `asked` is what `asking` returned when the question was put. */
  answered(snapshot: Snapshot, asked: number | undefined): void;
  /** `givenUp`: the server counts as gone. */
  failed(givenUp: boolean): void;
};

/** Not asking yet. */
export function createSnapshotPolls(
  ports: FeedPorts,
  asking: () => number | undefined,
  told: Polled,
) {
  const { clock } = ports;
  const alarm = createAlarm(clock);
  let fetching: symbol | null = null;
  let failures = 0;
  let isFrozen = false;

  async function now(): Promise<void> {
    if (fetching) return;
    const mine = Symbol('fetch');
    fetching = mine;
    alarm.clear();
    const asked = asking();
    const askedAt = clock.now();
    const snapshot = await ports.fetchSnapshot().catch(() => null);
    if (fetching !== mine) return;
    fetching = null;
    isFrozen = snapshot === null && clock.now() - askedAt >= FROZEN;
    failures = snapshot === null ? failures + 1 : 0;
    if (snapshot) told.answered(snapshot, asked);
    else told.failed(failures >= FAILURES_TO_GIVE_UP);
  }

  return {
    now,
    /** Asks again after a while, which is returned, in milliseconds. */
    again(hidden: boolean): number {
      const failing = failures - FAILURES_TO_GIVE_UP;
      const patience = failing >= 0 ? backoff(RETRIES, failing) : POLL;
      const wait = hidden ? POLL_HIDDEN : isFrozen ? POLL_FROZEN : patience;
      alarm.set(wait, () => void now());
      return wait;
    },
    /** The server was heard on another road. */
    heard() {
      failures = 0;
      isFrozen = false;
    },
    /** Asked to hope again: one more failure, and it counts as gone. */
    hope() {
      failures = Math.min(failures, FAILURES_TO_GIVE_UP - 1);
    },
    rest: alarm.clear,
    /** Forgets everything; an answer that is still to come is not heard. */
    stop() {
      alarm.clear();
      fetching = null;
      failures = 0;
      isFrozen = false;
    },
  };
}

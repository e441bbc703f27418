// What the parts of the service report of themselves. It is built before all of them and knows none:
// whoever wants to know what was reported reads it here.
import { describe } from '../errors.ts';
import type { MembershipState } from '../kafka/standing.ts';
import type { Clock } from '../log/clock.ts';
import { createLink, type LinkState } from './link.ts';

export type Reports = {
  /** Kafka answers, or does not and why. */
  kafka(up: boolean, error?: unknown): void;
  /** A connection to Kafka could not be made. */
  unconnected(reason: string): void;
  /** The view of the group has read all that stood in the topics. */
  caughtUp(): void;
  /** Whether this instance is in the group, and why not. */
  member(state: MembershipState): void;
  /** Something stopped for good. */
  failed(reason: string): void;
  /** A reason for not being ready that can go away again: null takes it back. */
  problem(key: string, words: string | null): void;
  /** Something worth knowing that stops nothing: null takes it back. */
  note(key: string, words: string | null): void;
  read(): Reported;
};

/** What holds now. */
export type Reported = {
  readonly link: LinkState;
  /** The view of the group has not caught up yet. */
  readonly reading: boolean;
  readonly membership: MembershipState;
  readonly failures: ReadonlySet<string>;
  /** By what they are about. */
  readonly problems: ReadonlyMap<string, string>;
  readonly notes: ReadonlyMap<string, string>;
};

/** Nothing reported yet. */
export function createReports(clock: Pick<Clock, 'now' | 'monotonic'>): Reports {
  const failures = new Set<string>();
  const problems = new Map<string, string>();
  const notes = new Map<string, string>();
  const link = createLink(clock);
  let reading = true;
  let membership: MembershipState = { member: false, error: null };
  return {
    kafka(up, error) {
      if (!up) return link.failed(describe(error));
      const wasDown = !link.state().up;
      link.answered();
      // What failed because Kafka was away is forgotten; if it still fails it is reported again.
      if (wasDown) notes.clear();
    },
    unconnected: link.suspect,
    caughtUp() {
      reading = false;
    },
    member(state) {
      membership = state;
    },
    failed: (reason) => void failures.add(reason),
    problem: (key, words) => put(problems, key, words),
    note: (key, words) => put(notes, key, words),
    read: () => ({ link: link.state(), reading, membership, failures, problems, notes }),
  };
}

function put(words: Map<string, string>, key: string, value: string | null): void {
  if (value === null) words.delete(key);
  else words.set(key, value);
}

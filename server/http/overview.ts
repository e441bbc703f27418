// What HTTP needs from the rest of the service: a port, implemented where the service is wired.
import type { DeadLetterItem, Delta, Snapshot, Status } from './contract.ts';

/** Everything the page shows, at one instant. */
export type Overview = Omit<Snapshot, 'epoch' | 'seq'>;

/** What changed between two instants; absent members are unchanged. */
export type Changes = Omit<Delta, 'epoch' | 'base' | 'seq'>;

/** The service as HTTP sees it. Objects keyed by product have no prototype: a product may be `__proto__`. */
export type OverviewSource = {
  /** The state now, whole; called only when someone asks for it. */
  read(): Overview;
  /** Takes note of the rate of orders; cheap, for the time when nobody looks. */
  sample(): void;
  /** What changed since the last call, null when nothing did. Read in the same tick, `read` holds just that. */
  takeChanges(): Changes | null;
  /** The newest dead letters, newest first. */
  deadLetters(limit: number): readonly DeadLetterItem[];
  /** The `status` of `read`, without the rest. */
  status(): Status;
};

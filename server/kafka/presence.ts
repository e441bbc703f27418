// Whether Kafka takes us for a member of the group, by what was last heard of it. The membership writes it
// down here; who only wants to know does not need the membership.
import { type Clock, systemClock } from '../log/clock.ts';
import { SESSION_MS } from './group-consumer.ts';

/** Longer than a join takes that waits for all others, and for a coordinator to be found. */
const JOIN_WITHIN_MS = 60_000;

export type Presence = {
  /** Generation of the group; null between a join and the first heartbeat after it. */
  generation(): number | null;
  /** How long ago Kafka last took us for a member, in ms; null while it does not. */
  heartbeatAge(): number | null;
};

export type PresenceRecord = Presence & {
  /** We wish to be let in, or to stay: the answer may have to wait for all other members. */
  joining(): void;
  /** Let in, or left in after a rebalance; true when we were no member before. */
  joined(): boolean;
  /** A heartbeat was answered; true when we were no member before. */
  heartbeat(generation: number): boolean;
  /** No member any more. */
  out(): void;
  /** In words for how long nothing was heard, when that is too long; null as long as it is not. */
  silence(): string | null;
};

/** Not a member yet. */
export function createPresence(clock: Pick<Clock, 'monotonic'> = systemClock): PresenceRecord {
  let generation: number | null = null;
  let member = false;
  let joining = false;
  let acknowledgedAt = 0;
  let heardAt = 0;

  function acknowledged(): boolean {
    const isNew = !member;
    member = true;
    joining = false;
    acknowledgedAt = clock.monotonic();
    heardAt = acknowledgedAt;
    return isNew;
  }

  return {
    generation: () => generation,
    heartbeatAge: () => (member ? clock.monotonic() - acknowledgedAt : null),
    joining() {
      joining = true;
      heardAt = clock.monotonic();
    },
    joined() {
      generation = null;
      return acknowledged();
    },
    heartbeat(of) {
      generation = of;
      return acknowledged();
    },
    out() {
      member = false;
      generation = null;
    },
    silence() {
      const isHeld = member && !joining;
      const silent = clock.monotonic() - heardAt;
      if (silent < (isHeld ? SESSION_MS : JOIN_WITHIN_MS)) return null;
      const what = isHeld ? 'no heartbeat was answered' : 'joining came to nothing';
      return `${what} for ${Math.round(silent / 1000)} s`;
    },
  };
}

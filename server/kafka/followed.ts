// One follower's place in a partition: where its next fetch begins, and what waits to be delivered.
import { describe } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import type { Bounds, Follower, TopicPartition } from '../log/ports.ts';
import { nextOffsetAfter } from '../record-batch/batch-header.ts';
import { ErrorCode, type FetchedPartition } from './protocol.ts';

type Turn = () => Promise<void>;

export type Followed = {
  readonly tp: TopicPartition;
  /** Where the next fetch begins; null until the follower has said where to go on. */
  readonly position: number | null;
  /** The next fetch may ask for it: at most one set waits behind the one being worked on. */
  readonly ready: boolean;
  /** In a request that is not answered yet. A partition that moves must not be asked for twice. */
  asked: boolean;
  /** Left alone for a while, after so many failures in a row. */
  resting: boolean;
  failures: number;
  /** Takes its part of an answer; false when there is no going on from it at once. */
  take(part: FetchedPartition): boolean;
  /** Ends the following and tells the follower. */
  fail(error: unknown): void;
  close(): void;
};

/** Follows from `from` on; `wake` is called after every turn, `closed` at the end. */
export function createFollowed(deps: {
  tp: TopicPartition;
  from: number;
  follower: Follower;
  logger: Logger;
  boundsOf: (tp: TopicPartition) => Promise<Bounds>;
  pause: (attempt: number) => Promise<void>;
  wake: () => void;
  closed: (followed: Followed) => void;
}): Followed {
  const { tp, follower, logger, boundsOf, pause, wake, closed } = deps;
  let position: number | null = deps.from;
  let open = true;
  let working = false;
  let next: Turn | null = null;

  function enqueue(turn: Turn): void {
    if (working) next = turn;
    else begin(turn);
  }

  function begin(turn: Turn): void {
    working = true;
    // The next request goes out first: to send it takes no more than the promises queued by now.
    setImmediate(() => void work(turn));
  }

  async function work(turn: Turn): Promise<void> {
    try {
      if (open) await turn();
    } catch (error) {
      followed.fail(error);
    }
    const waiting = next;
    next = null;
    if (waiting !== null && open) begin(waiting);
    else working = false;
    wake();
  }

  /** In its turn, after all that was fetched before: only then the follower knows its own position. */
  async function relocate(outside: number): Promise<void> {
    const bounds = await boundsOf(tp);
    if (!open) return;
    const inside = bounds.low <= outside && outside <= bounds.high;
    const answer = inside ? outside : follower.outOfRange(outside, bounds);
    if (answer === outside) await pause(0);
    position = answer;
  }

  const followed: Followed = {
    tp,
    get position() {
      return position;
    },
    get ready() {
      return open && position !== null && next === null && !followed.asked && !followed.resting;
    },
    asked: false,
    resting: false,
    failures: 0,
    take(part) {
      if (!open || position === null) return true;
      if (part.error === ErrorCode.OFFSET_OUT_OF_RANGE) {
        const outside = position;
        position = null;
        enqueue(() => relocate(outside));
        return true;
      }
      if (part.error !== ErrorCode.NONE) return false;
      if (part.bytes.length === 0) {
        if (!working) enqueue(() => follower.records(part));
        return true;
      }
      const before = position;
      position = nextOffsetAfter(part.bytes, before);
      enqueue(() => follower.records(part));
      return position > before;
    },
    fail(error) {
      if (!open) return;
      followed.close();
      try {
        follower.failed(error);
      } catch (thrown) {
        logger.error('a follower failed to fail', { ...tp, error: describe(thrown) });
      }
    },
    close() {
      if (!open) return;
      open = false;
      next = null;
      closed(followed);
    },
  };
  return followed;
}

/** A partition as a key. */
export const placeOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`;

/**
 * A request names a partition once: followers at the same position share the answer; who stands
 * elsewhere is left out, and comes first the next time.
 */
export function groupByPlace(ready: readonly Followed[]): Followed[][] {
  const groups = new Map<string, Followed[]>();
  for (const each of ready) {
    const place = placeOf(each.tp);
    const group = groups.get(place);
    if (group === undefined) groups.set(place, [each]);
    else if (group[0]?.position === each.position) group.push(each);
  }
  return [...groups.values()];
}

// What one follower has at a fetcher: the position from which its partition is fetched next.
//
//   READY ──in a request──▶ ASKED ──answer or none──▶ READY
//     ├──no going on from the answer──▶ RESTING ──pause──▶ READY
//     ├──position outside the log──▶ OUTSIDE ──the follower says where to go on──▶ READY
//     └──close, failure, from every state──▶ CLOSED
import { describe } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import type { Bounds, Follower, TopicPartition } from '../log/ports.ts';
import { nextOffsetAfter } from '../record-batch/batch-header.ts';
import { createInbox } from './inbox.ts';
import { ErrorCode, type FetchedPartition } from './protocol.ts';

type State = 'READY' | 'ASKED' | 'RESTING' | 'OUTSIDE' | 'CLOSED';

const NEXT: Record<State, readonly State[]> = {
  READY: ['ASKED', 'RESTING', 'OUTSIDE', 'CLOSED'],
  // While a request is under way it can only end: no second leader is asked for the same partition.
  ASKED: ['READY', 'CLOSED'],
  RESTING: ['READY', 'CLOSED'],
  OUTSIDE: ['READY', 'CLOSED'],
  CLOSED: [],
};

export type Fetching = {
  readonly tp: TopicPartition;
  /** Where the next fetch begins. */
  readonly position: number;
  /** The next fetch may ask for it: at most one set waits behind the one being worked on. */
  readonly ready: boolean;
  /** Left alone for a while. */
  readonly resting: boolean;
  /** A request that asks for it goes out. */
  ask(): void;
  /** That request has its answer, or will have none. */
  answered(): void;
  /** Takes its part of the answer; false when there is no going on from it at once. */
  take(part: FetchedPartition): boolean;
  /** Leaves it alone, the longer the more often in a row, so that others do not wait for it. */
  rest(): Promise<void>;
  /** Ends it and tells the follower. */
  fail(error: unknown): void;
  close(): void;
};

type Dependencies = {
  tp: TopicPartition;
  from: number;
  follower: Follower;
  logger: Logger;
  boundsOf: (tp: TopicPartition) => Promise<Bounds>;
  pause: (failures: number) => Promise<void>;
  refresh: () => Promise<void>;
  /** It may be ready again. */
  wake: () => void;
  /** It has come to its end. */
  closed: (fetching: Fetching) => void;
};

/** Begins at `from`. */
export function createFetching(deps: Dependencies): Fetching {
  const { tp, follower, logger, boundsOf, pause, refresh, wake, closed } = deps;
  const inbox = createInbox({ failed: fail, ended: wake });
  let state: State = 'READY';
  let position = deps.from;
  let failures = 0;

  /** Closed stays closed, whatever was still under way when it was closed. */
  function to(next: State): void {
    if (state === 'CLOSED') return;
    if (!NEXT[state].includes(next))
      throw new TypeError(`what is followed cannot go from ${state} to ${next}`);
    state = next;
  }

  /** Runs when the follower has worked on all that was fetched before: only then it knows its own position. */
  async function relocate(): Promise<void> {
    const bounds = await boundsOf(tp);
    if (state === 'CLOSED') return;
    const inside = bounds.low <= position && position <= bounds.high;
    const answer = inside ? position : follower.outOfRange(position, bounds);
    if (answer === position) await pause(0);
    position = answer;
    to('READY');
  }

  /** What was fetched, in its turn; whether the position has moved. */
  function deliver(part: FetchedPartition): boolean {
    const before = position;
    position = nextOffsetAfter(part.bytes, before);
    inbox.add(() => follower.records(part));
    return position > before;
  }

  function take(part: FetchedPartition): boolean {
    if (part.error === ErrorCode.OFFSET_OUT_OF_RANGE) {
      to('OUTSIDE');
      inbox.add(relocate);
      return true;
    }
    if (part.error !== ErrorCode.NONE) return false;
    if (part.bytes.length > 0) return deliver(part);
    // A follower that is busy with records does not have to hear that there are no more.
    if (inbox.idle) inbox.add(() => follower.records(part));
    return true;
  }

  function fail(error: unknown): void {
    if (state === 'CLOSED') return;
    close();
    try {
      follower.failed(error);
    } catch (thrown) {
      logger.error('a follower failed to fail', { ...tp, error: describe(thrown) });
    }
  }

  function close(): void {
    if (state === 'CLOSED') return;
    to('CLOSED');
    inbox.close();
    closed(fetching);
  }

  const fetching: Fetching = {
    tp,
    get position() {
      return position;
    },
    get ready() {
      return state === 'READY' && inbox.hasRoom;
    },
    get resting() {
      return state === 'RESTING';
    },
    ask: () => to('ASKED'),
    answered: () => to('READY'),
    take(part) {
      if (state === 'CLOSED') return true;
      const goesOn = take(part);
      if (goesOn) failures = 0;
      return goesOn;
    },
    async rest() {
      to('RESTING');
      await pause(failures++);
      await refresh();
      to('READY');
      wake();
    },
    fail,
    close,
  };
  return fetching;
}

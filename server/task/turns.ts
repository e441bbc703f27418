// Whose turn it is among the records that wait: first those before it in its lane have to leave, then a
// call has to be allowed to begin.
import type { Clock } from '../log/clock.ts';
import { createLanes } from './lanes.ts';
import { createLine } from './line.ts';
import type { Pending } from './pending.ts';

export type Turns = {
  /** Whether somebody is in the lane. */
  isBusy(lane: string): boolean;
  /** Enters its lane; true when it is the first there, or in none. */
  enter(pending: Pending): boolean;
  /** The first of its lane may be called as soon as a call may begin. */
  ready(pending: Pending): void;
  /** Leaves its lane, if it is the first there: the one behind it is ready. */
  leave(pending: Pending): void;
  /** A call may begin by now. */
  goOn(): void;
};

/** How many records get their turn before others do. */
const SLICE = 512;

/** Nobody waits yet; `take` is called with each whose turn it is, `onFailed` hears what it throws. */
export function createTurns(deps: {
  clock: Clock;
  mayBegin: () => boolean;
  take: (pending: Pending) => void;
  onFailed: (error: unknown) => void;
}): Turns {
  const { clock, mayBegin, take, onFailed } = deps;
  const lanes = createLanes<Pending>();
  const line = createLine<Pending>();
  let taking = false;

  /**
   * One after the other, although an end may make the next one ready at once. Often in a timer, where a
   * throw would end the process.
   */
  function goOn(): void {
    if (taking) return;
    taking = true;
    try {
      let left = SLICE;
      for (; line.length > 0 && mayBegin() && left > 0; left -= 1) take(line.shift()!);
      if (left === 0) clock.after(0, goOn);
    } catch (error) {
      onFailed(error);
    }
    taking = false;
  }

  function ready(pending: Pending): void {
    line.push(pending);
    goOn();
  }

  return {
    isBusy: lanes.isBusy,
    enter: (pending) => pending.lane === null || lanes.enter(pending.lane, pending),
    ready,
    leave(pending) {
      if (pending.lane === null) return;
      const next = lanes.leave(pending.lane, pending);
      if (next !== undefined) ready(next);
    },
    goOn,
  };
}

// Holds the next record back while too much waits already: nothing is dropped, the partition waits.
import type { Pending } from './pending.ts';

export type Intake = {
  /** A record has begun to wait. */
  add(pending: Pending): void;
  /** It waits no more. */
  remove(pending: Pending): void;
  /** A promise of room for the next record; undefined when there is room now. */
  wait(): undefined | Promise<void>;
  /** Lets the next record in if there is room by now, or whatever there is if `anyway`. */
  look(anyway?: boolean): void;
};

/** Of the bounds; whoever was held back goes on below it, so as not to be held back again at once. */
const LOW_WATER = 0.9;

/**
 * The intake of a partition. `pending` are the records that wait, `isFree` says whether anything else
 * holds the next one back.
 */
export function createIntake(deps: {
  limits: { readonly maxPending: number; readonly maxPendingBytes: number };
  pending: { readonly size: number };
  isFree: () => boolean;
}): Intake {
  const { limits, pending, isFree } = deps;
  const { maxPending, maxPendingBytes } = limits;
  let bytes = 0;
  let letIn: (() => void) | null = null;

  function hasRoom(share: number): boolean {
    return pending.size < maxPending * share && bytes < maxPendingBytes * share && isFree();
  }

  return {
    add({ record }) {
      bytes += record.body.length;
    },
    remove({ record }) {
      bytes -= record.body.length;
    },
    wait() {
      if (hasRoom(1)) return undefined;
      return new Promise((resolve) => {
        letIn = resolve;
      });
    },
    look(anyway = false) {
      if (letIn === null || !(anyway || hasRoom(LOW_WATER))) return;
      letIn();
      letIn = null;
    },
  };
}

// Writes a task's checkpoints: at most one on its way, about every interval while things change, and
// seldom enough that taking them costs no more than a share of the time.
import type { Clock } from '../log/clock.ts';

export type Checkpointer = {
  /** Something changed that the next checkpoint will carry. */
  changed(): void;
  /** Writes what has changed, waits for the acknowledgement and writes nothing more. */
  close(): Promise<void>;
};

/**
 * `take` gives the state as it is now, encoded in one step, or null when it is better written later,
 * unless it `isLast`; `write` resolves when the broker has it, and repeats what can be repeated.
 * `onFailed` hears what cannot.
 */
export function createCheckpointer<Taken>(deps: {
  intervalMs: number;
  /** How much of the time `take` may cost, from 0 to 1. */
  share: () => number;
  clock: Clock;
  take: (isLast: boolean) => Taken | null;
  write: (checkpoint: Taken) => Promise<void>;
  onFailed: (error: unknown) => void;
}): Checkpointer {
  const { intervalMs, share, clock, take, write, onFailed } = deps;
  let dirty = false;
  let open = true;
  let running: Promise<void> | null = null;
  let cancelWait: (() => void) | null = null;
  let restUntil = Number.NEGATIVE_INFINITY;

  async function writeOnce(): Promise<void> {
    try {
      const startedAt = clock.monotonic();
      dirty = false;
      const checkpoint = take(!open);
      const cost = clock.monotonic() - startedAt;
      restUntil = startedAt + Math.max(intervalMs, cost / share());
      if (checkpoint === null) dirty = true;
      else await write(checkpoint);
    } catch (error) {
      open = false;
      onFailed(error);
    } finally {
      running = null;
      schedule();
    }
  }

  function schedule(): void {
    if (!open || !dirty || running !== null || cancelWait !== null) return;
    cancelWait = clock.after(Math.max(0, restUntil - clock.monotonic()), () => {
      cancelWait = null;
      running = writeOnce();
    });
  }

  return {
    changed() {
      dirty = true;
      schedule();
    },
    async close() {
      const wasOpen = open;
      open = false;
      cancelWait?.();
      await running;
      if (wasOpen && dirty) running = writeOnce();
      await running;
    },
  };
}

// The life of the service in this process.
//
//   STARTING ──topics read──▶ JOINING ──member──▶ RUNNING
//      └─────────────────────────┴───────────────────┴──stop──▶ STOPPING
import type { Clock } from '../log/clock.ts';

export type Phase = 'STARTING' | 'JOINING' | 'RUNNING' | 'STOPPING';

const NEXT: Record<Phase, readonly Phase[]> = {
  STARTING: ['JOINING', 'STOPPING'],
  JOINING: ['RUNNING', 'STOPPING'],
  RUNNING: ['STOPPING'],
  STOPPING: [],
};

export type Lifecycle = {
  readonly phase: Phase;
  /** When it began, on the monotonic clock. */
  readonly since: number;
  /** Throws TypeError when the phase does not follow the present one. */
  to(next: Phase): void;
};

/** A service that starts. */
export function createLifecycle(clock: Pick<Clock, 'monotonic'>): Lifecycle {
  let phase: Phase = 'STARTING';
  let since = clock.monotonic();
  return {
    get phase() {
      return phase;
    },
    get since() {
      return since;
    },
    to(next) {
      if (!NEXT[phase].includes(next)) {
        throw new TypeError(`a service in ${phase} cannot be ${next}`);
      }
      phase = next;
      since = clock.monotonic();
    },
  };
}

// Everything that can happen next, one event at a time, in an order that the test decides.
import type { Clock } from '../../server/log/clock.ts';

/** Whatever events belong to: an operating system process, or the network. */
export type Host = {
  readonly name: string;
  state: 'running' | 'frozen' | 'crashed';
  /** How far its wall clock is ahead, ms. */
  skew: number;
};

type Event = { readonly host: Host; readonly dueAt: number; fire(): void };

export type Scheduler = {
  /** An integer in [0, below). */
  pick(below: number): number;
  /** Begins another sequence of picks. */
  reseed(seed: number): void;
  /** Something that `host` will notice later, but not before `ms` have passed; the result cancels it. */
  later(host: Host, fire: () => void, ms?: number): () => void;
  clockOf(host: Host): Clock;
  /** Lets time pass; nothing happens by that alone. */
  advance(ms: number): void;
  /** How much has passed since the beginning, ms. */
  readonly time: number;
  /** Lets time pass until something can happen; false when nothing ever will. */
  advanceToNext(): boolean;
  /**
   * Lets an event of a running host happen, now and then two, with all that follows at once; false
   * when there is none.
   */
  fire(): Promise<boolean>;
};

const EPOCH = Date.UTC(2026, 0, 1);

export function createScheduler(): Scheduler {
  let events: Event[] = [];
  let time = 0;
  let random = 1;

  function pick(below: number): number {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((random / 2 ** 32) * below);
  }

  function later(host: Host, fire: () => void, ms = 0): () => void {
    const event = { host, dueAt: time + ms, fire };
    events.push(event);
    return () => {
      events = events.filter((other) => other !== event);
    };
  }

  function fireNow(): boolean {
    events = events.filter(({ host }) => host.state !== 'crashed');
    const ready = events.filter(({ host, dueAt }) => host.state === 'running' && dueAt <= time);
    const event = ready[pick(ready.length)];
    if (event === undefined) return false;
    events = events.filter((other) => other !== event);
    event.fire();
    return true;
  }

  return {
    pick,
    later,
    reseed(seed) {
      random = seed >>> 0;
      pick(1);
    },
    clockOf: (host) => ({
      now: () => Math.floor(EPOCH + time + host.skew),
      monotonic: () => time,
      after: (ms, action) => later(host, action, ms),
      breathe: () => new Promise((resolve) => later(host, resolve)),
    }),
    get time() {
      return time;
    },
    advance(ms) {
      time += ms;
    },
    advanceToNext() {
      const times = events.filter(({ host }) => host.state === 'running').map((e) => e.dueAt);
      if (times.length === 0) return false;
      time = Math.max(time, Math.min(...times));
      return true;
    },
    async fire() {
      const fired = fireNow();
      if (fired && pick(4) === 0) fireNow();
      if (fired) await new Promise<void>((resolve) => setImmediate(resolve));
      return fired;
    },
  };
}

// One numbered sequence of messages for all who look: a delta per tick for the streams, and the
// newest snapshot, encoded once, for whoever asks.
import type { Clock } from '../log/clock.ts';
import type { Delta, Snapshot } from './contract.ts';
import { eventFrame, type Frame } from './event-frame.ts';
import type { DeltaContent, OverviewSource } from './overview.ts';

/** At most ten messages per second. */
const TICK_MS = 100;
/** A message is due after this time without one: a tick of slack, so that every second has one. */
const HEARTBEAT_MS = 900;

/** The state at one message; every encoding is made at most once. */
export type View = {
  readonly seq: number;
  /** `epoch-seq`: the id of the event, the ETag of the snapshot. */
  readonly id: string;
  snapshot(): Buffer;
  /** The snapshot as an event of the stream. */
  frame(): Frame;
};

/**
 * An encoded message `seq`: a delta from message `base`, or, with a base of null, a snapshot, which
 * may follow anything.
 */
export type Message = { readonly base: number | null; readonly seq: number; readonly frame: Frame };

/** Who gets the deltas. While it is busy with one, changes gather in the source. */
export type Audience = { size(): number; busy(): boolean; send(message: Message): void };

/** The sequence. Its number grows at least once per second, whether somebody looks or not. */
export type Feed = {
  /** The newest view: at most 100 ms old, and consistent with the deltas that follow it. */
  newest(): Promise<View>;
  attach(audience: Audience): void;
  /** Stops the clock; who waits for a view gets one. */
  close(): void;
};

type Waiter = { resolve: (view: View) => void; reject: (error: unknown) => void };

/**
 * Creates the sequence and starts its clock. `epoch` names this process in every message. A tick that
 * throws is told to `failed`, and so are those who wait; the next tick comes in any case.
 */
export function createFeed(deps: {
  source: OverviewSource;
  epoch: number;
  clock: Clock;
  failed: (error: unknown) => void;
}): Feed {
  const { source, epoch, clock, failed } = deps;
  let audience: Audience = { size: () => 0, busy: () => false, send: () => {} };
  let seq = 0;
  /** When the message `seq` was made, ms since 1970. */
  let madeAt = clock.now();
  let takenAt = Number.NEGATIVE_INFINITY;
  let sentAt = clock.monotonic();
  let view: View | undefined;
  let waiting: Waiter[] = [];
  let settling = false;
  /** Changes were taken and could not be sent: only a whole snapshot makes good for them. */
  let broken = false;
  let closed = false;
  let cancel = clock.after(TICK_MS, tick);

  function tick(): void {
    rearm();
    const seen = waiting.length > 0 || audience.size() > 0;
    const due = clock.monotonic() - sentAt >= HEARTBEAT_MS;
    if (settling) {
      if (due) attempt(() => send(advance(), {}));
    } else if (seen && !audience.busy()) settle();
    else if (!seen && due) attempt(beat);
  }

  function rearm(): void {
    cancel();
    if (!closed) cancel = clock.after(TICK_MS, tick);
  }

  /** Nobody looks: the number grows, and nothing is worked out. */
  function beat(): void {
    advance();
    source.sample();
  }

  /** The number of the message that the new one follows. */
  function advance(): number {
    const base = seq;
    seq += 1;
    madeAt = clock.now();
    sentAt = clock.monotonic();
    view = undefined;
    return base;
  }

  /** Takes what is new as soon as it has been worked off, which may be at once. */
  function settle(): void {
    attempt(() => {
      const pending = source.settle();
      if (pending === undefined) return take();
      settling = true;
      pending.then(
        () => {
          settling = false;
          // Once more: in the meantime somebody else may have begun to work off what is newer.
          settle();
        },
        (error: unknown) => {
          settling = false;
          fail(error);
        },
      );
    });
  }

  function attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      fail(error);
    }
  }

  function fail(error: unknown): void {
    broken = true;
    view = undefined;
    failed(error);
    const refused = waiting;
    waiting = [];
    for (const { reject } of refused) reject(error);
  }

  function take(): void {
    rearm();
    takenAt = clock.monotonic();
    const changes = source.takeChanges();
    if (changes === 'all' || broken) {
      const { frame } = capture(advance() + 1);
      if (audience.size() > 0) audience.send({ base: null, seq, frame: frame() });
      broken = false;
    } else if (changes !== null || takenAt - sentAt >= HEARTBEAT_MS) {
      send(advance(), changes ?? {});
    }
    if (waiting.length === 0) return;
    const newest = capture(seq);
    const settled = waiting;
    waiting = [];
    for (const { resolve } of settled) resolve(newest);
  }

  function send(base: number, changes: DeltaContent): void {
    if (audience.size() === 0) return;
    const delta: Delta = { epoch, base, seq, at: madeAt, ...changes };
    const frame = eventFrame('delta', `${epoch}-${seq}`, JSON.stringify(delta));
    audience.send({ base, seq, frame });
  }

  /** Only right after `takeChanges`, in the same tick: what is read then is the state at `seq`. */
  function capture(at: number): View {
    view ??= createView(source, epoch, at, madeAt);
    return view;
  }

  return {
    newest() {
      if (view !== undefined && (clock.monotonic() - takenAt < TICK_MS || audience.busy())) {
        return Promise.resolve(view);
      }
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        const due = closed || (clock.monotonic() - takenAt >= TICK_MS && !audience.busy());
        if (due && !settling) settle();
      });
    },
    attach(newAudience) {
      audience = newAudience;
    },
    close() {
      if (closed) return;
      closed = true;
      cancel();
      if (waiting.length > 0 && !settling) settle();
    },
  };
}

function createView(source: OverviewSource, epoch: number, seq: number, at: number): View {
  const id = `${epoch}-${seq}`;
  const json = JSON.stringify({ epoch, seq, at, ...source.read() } satisfies Snapshot);
  return {
    seq,
    id,
    snapshot: once(() => Buffer.from(json)),
    frame: once(() => eventFrame('snapshot', id, json)),
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

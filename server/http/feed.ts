// One numbered sequence of messages for all who look: a delta per tick for the streams, and the
// newest snapshot, encoded once, for whoever asks.
import type { Clock } from '../log/clock.ts';
import type { Delta } from './contract.ts';
import { eventFrame, type Frame } from './event-frame.ts';
import { createFeedView, type FeedView } from './feed-view.ts';
import type { DeltaContent, LiveSource } from './overview.ts';
import { createSettling } from './settling.ts';
import { createWaiters } from './waiting.ts';

/** At most ten messages per second. */
const TICK_MS = 100;
/** A message is due after this time without one: a tick less than a second, so that every second has one. */
const HEARTBEAT_MS = 900;

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
  newest(): Promise<FeedView>;
  attach(audience: Audience): void;
  /** Stops the clock; who waits for a view gets one. */
  close(): void;
};

/**
 * Creates the sequence and starts its clock. `epoch` names this process in every message. A tick that
 * throws is told to `failed`, and so are those who wait; the next tick comes in any case.
 */
export function createFeed(deps: {
  source: LiveSource;
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
  let view: FeedView | undefined;
  const waiting = createWaiters<FeedView>();
  const settling = createSettling({ source, settled: take, failed: fail });
  /** Changes were taken and could not be sent: only a whole snapshot makes good for them. */
  let broken = false;
  let closed = false;
  let cancel = clock.after(TICK_MS, tick);

  function tick(): void {
    rearm();
    const seen = waiting.size() > 0 || audience.size() > 0;
    const due = clock.monotonic() - sentAt >= HEARTBEAT_MS;
    if (settling.isUnderWay()) {
      if (due) attempt(() => send(advance(), {}));
    } else if (seen && !audience.busy()) settling.begin();
    else if (!seen && due) attempt(beat);
  }

  function rearm(): void {
    cancel();
    if (!closed) cancel = clock.after(TICK_MS, tick);
  }

  /** Nobody looks: the number grows, and no message is made. */
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
    waiting.refuse(error);
  }

  /** What is new has been worked off. */
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
    if (waiting.size() > 0) waiting.give(capture(seq));
  }

  function send(base: number, changes: DeltaContent): void {
    if (audience.size() === 0) return;
    const delta: Delta = { epoch, base, seq, at: madeAt, ...changes };
    const frame = eventFrame('delta', `${epoch}-${seq}`, JSON.stringify(delta));
    audience.send({ base, seq, frame });
  }

  /** Only right after `takeChanges`, in the same tick: what is read then is the state at `seq`. */
  function capture(at: number): FeedView {
    view ??= createFeedView(source, epoch, at, madeAt);
    return view;
  }

  return {
    newest() {
      if (view !== undefined && (clock.monotonic() - takenAt < TICK_MS || audience.busy())) {
        return Promise.resolve(view);
      }
      const newest = waiting.wait();
      const due = closed || (clock.monotonic() - takenAt >= TICK_MS && !audience.busy());
      if (due && !settling.isUnderWay()) settling.begin();
      return newest;
    },
    attach(newAudience) {
      audience = newAudience;
    },
    close() {
      if (closed) return;
      closed = true;
      cancel();
      if (waiting.size() > 0 && !settling.isUnderWay()) settling.begin();
    },
  };
}

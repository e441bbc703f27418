// One numbered sequence of messages for all who look: a delta per tick for the streams, and the
// newest snapshot, encoded once, for whoever asks.
import type { Clock } from './clock.ts';
import type { DeadLetterItem, Delta, Snapshot } from './contract.ts';
import { eventFrame } from './event-frame.ts';
import type { Overview, OverviewSource } from './overview.ts';

/** At most ten messages per second. */
const TICK_MS = 100;
/** A message is due after this time without one: a tick of slack, so that every second has one. */
const HEARTBEAT_MS = 900;

/** The state at one message; every encoding is made at most once. */
export type View = {
  readonly seq: number;
  /** `epoch-seq`: the id of the event, the ETag of the snapshot. */
  readonly id: string;
  readonly overview: Overview;
  snapshot(): Buffer;
  metrics(): Buffer;
  deadLetters(limit: number): Buffer;
  /** The snapshot as an event of the stream. */
  frame(): Buffer;
};

/** An encoded delta from message `base` to message `seq`. */
export type Message = { readonly base: number; readonly seq: number; readonly frame: Buffer };

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

/** Creates the sequence and starts its clock. `epoch` names this process in every message. */
export function createFeed(deps: { source: OverviewSource; epoch: number; clock: Clock }): Feed {
  const { source, epoch, clock } = deps;
  let audience: Audience = { size: () => 0, busy: () => false, send: () => {} };
  let seq = 0;
  let takenAt = Number.NEGATIVE_INFINITY;
  let sentAt = clock.now();
  let view: View | undefined;
  let waiting: ((view: View) => void)[] = [];
  let closed = false;
  let cancel = clock.after(TICK_MS, tick);

  function tick(): void {
    const seen = waiting.length > 0 || audience.size() > 0;
    if (seen && !audience.busy()) take();
    else if (!seen && clock.now() - sentAt >= HEARTBEAT_MS) beat();
    else rearm();
  }

  /** Nobody looks: the number grows, and nothing is worked out. */
  function beat(): void {
    rearm();
    source.sample();
    seq += 1;
    sentAt = clock.now();
    view = undefined;
  }

  function rearm(): void {
    cancel();
    if (!closed) cancel = clock.after(TICK_MS, tick);
  }

  function take(): void {
    rearm();
    takenAt = clock.now();
    const changes = source.takeChanges();
    if (changes !== null || takenAt - sentAt >= HEARTBEAT_MS) {
      const base = seq;
      seq += 1;
      sentAt = takenAt;
      view = undefined;
      if (audience.size() > 0) {
        const delta: Delta = { epoch, base, seq, ...changes };
        const frame = eventFrame('delta', `${epoch}-${seq}`, JSON.stringify(delta));
        audience.send({ base, seq, frame });
      }
    }
    if (waiting.length === 0) return;
    const settled = waiting;
    waiting = [];
    const newest = capture();
    for (const resolve of settled) resolve(newest);
  }

  /** Only right after `take`, in the same tick: what is read then is the state at `seq`. */
  function capture(): View {
    view ??= createView(source, epoch, seq);
    return view;
  }

  return {
    async newest() {
      if (closed || (clock.now() - takenAt >= TICK_MS && !audience.busy())) {
        take();
        return capture();
      }
      return view ?? new Promise((resolve) => waiting.push(resolve));
    },
    attach(newAudience) {
      audience = newAudience;
    },
    close() {
      if (closed) return;
      closed = true;
      cancel();
      if (waiting.length > 0) take();
    },
  };
}

function createView(source: OverviewSource, epoch: number, seq: number): View {
  const overview = source.read();
  const id = `${epoch}-${seq}`;
  const json = once(() => JSON.stringify({ epoch, seq, ...overview } satisfies Snapshot));
  // Only the last limit asked for is kept: a thousand different ones would be a thousand copies.
  let list: { limit: number; body: Buffer } | undefined;
  return {
    seq,
    id,
    overview,
    snapshot: once(() => Buffer.from(json())),
    metrics: once(() => Buffer.from(JSON.stringify(overview.metrics))),
    frame: once(() => eventFrame('snapshot', id, json())),
    deadLetters(limit) {
      if (list?.limit !== limit) {
        const items: readonly DeadLetterItem[] = source.deadLetters(limit);
        list = { limit, body: Buffer.from(JSON.stringify(items)) };
      }
      return list.body;
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

// What the page shows at one message of the feed, encoded as it is asked for.
import type { Snapshot } from './contract.ts';
import { eventFrame, type Frame } from './event-frame.ts';
import type { LiveSource } from './overview.ts';

/** The state at one message; every encoding is made at most once. */
export type FeedView = {
  readonly seq: number;
  /** `epoch-seq`: the id of the event, the ETag of the snapshot. */
  readonly id: string;
  snapshot(): Buffer;
  /** The snapshot as an event of the stream. */
  frame(): Frame;
};

/** Reads the source, in a tick in which that is allowed; `at` in ms since 1970. */
export function createFeedView(
  source: Pick<LiveSource, 'read'>,
  epoch: number,
  seq: number,
  at: number,
): FeedView {
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

// What a page shows that listens to /stream: the snapshot, changed by the deltas.
import type { DeadLetterItem, Delta, Snapshot } from '../../server/http/contract.ts';
import { applyMetrics } from '../fixtures/http.ts';
import type { EventReader } from '../fixtures/server-sent-events.ts';

/** A page that reads as events come. */
export type Page = {
  /** What it shows as soon as that is as wanted. */
  find(wanted: (shown: Snapshot) => boolean): Promise<Snapshot>;
};

/** A page that listens from now on. */
export function createPage(events: EventReader): Page {
  let shown: Snapshot | undefined;
  let look = () => {};
  let failed: unknown;
  void (async () => {
    for (;;) {
      const { event, data } = await events.next();
      if (event === 'snapshot') shown = JSON.parse(data) as Snapshot;
      else if (event === 'delta' && shown !== undefined) {
        shown = change(shown, JSON.parse(data) as Delta);
      }
      look();
    }
  })().catch((error: unknown) => {
    failed = error;
    look();
  });

  return {
    find: (wanted) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (shown !== undefined && wanted(shown)) resolve(shown);
          else if (failed !== undefined) reject(failed);
        };
        look();
      }),
  };
}

function change(before: Snapshot, delta: Delta): Snapshot {
  if (delta.base !== before.seq) throw new Error(`a delta from ${delta.base} at ${before.seq}`);
  const { base: _, metrics, deadLetters = [], ...rest } = delta;
  return {
    ...before,
    ...rest,
    metrics: metrics === undefined ? before.metrics : applyMetrics(before.metrics, metrics),
    deadLetters: [...deadLetters, ...before.deadLetters].sort(newestFirst).slice(0, 50),
  };
}

function newestFirst(a: DeadLetterItem, b: DeadLetterItem): number {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? 1 : -1;
  const [partition, offset] = a.id.split('-').map(Number) as [number, number];
  const [otherPartition, otherOffset] = b.id.split('-').map(Number) as [number, number];
  return otherPartition - partition || otherOffset - offset;
}

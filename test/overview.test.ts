import t from 'tap';
import type { PartitionLag } from '../server/http/contract.ts';
import { createOverview } from '../server/overview.ts';
import type { GroupView } from '../server/stream/group-view.ts';
import { manualClock } from './fixtures/manual-clock.ts';
import { aStatus } from './fixtures/snapshot.ts';

/** A view in which nothing happens. */
const emptyView: GroupView = {
  heads: () => new Map(),
  averages: new Map(),
  total: { count: 0, low: 0, carry: 0 },
  newestDeadLetters: () => [],
  takeChanges: () => ({ moved: false, products: new Set(), deadLetters: [] }),
};

t.test('a lag that changes is a change, though no checkpoint moves', async (t) => {
  const row: PartitionLag = { partition: 0, endOffset: 9, lag: 9 };
  let lag = [row];
  const overview = createOverview({
    view: emptyView,
    clock: manualClock(),
    status: () => aStatus(),
    lag: () => lag,
    old: () => new Set(),
  });
  t.match(overview.takeChanges(), { lag: [row] });
  t.equal(overview.takeChanges(), null);
  lag = [{ partition: 0, endOffset: null, lag: null }];
  t.same(overview.takeChanges(), { lag });
  t.same(overview.read().lag, lag);
});

t.test('a rate of checkpoints that cannot be followed is not 0, it is not known', async (t) => {
  const clock = manualClock();
  let old = new Set<number>();
  const overview = createOverview({
    view: emptyView,
    clock,
    status: () => aStatus(),
    lag: () => [],
    old: () => old,
  });
  overview.sample();
  await clock.advance(1000);
  overview.sample();
  t.equal(overview.read().throughput, 0);
  overview.takeChanges();
  old = new Set([1]);
  t.equal(overview.read().throughput, null);
  t.same(overview.takeChanges(), { throughput: null });
});

import t from 'tap';
import type { Snapshot } from '../../server/http/contract.ts';
import { createFeed, type Message } from '../../server/http/feed.ts';
import type { FeedView } from '../../server/http/feed-view.ts';
import { fakeSource, manualClock, parseEvents } from '../fixtures/http.ts';

function world() {
  const source = fakeSource();
  const clock = manualClock();
  const failures: unknown[] = [];
  const failed = (error: unknown) => failures.push(error);
  const feed = createFeed({ source, clock, epoch: 17, failed });
  const sent: Message[] = [];
  const audience = { clients: 1, busy: false };
  feed.attach({
    size: () => audience.clients,
    busy: () => audience.busy,
    send: (message) => sent.push(message),
  });
  const deltas = () => sent.flatMap(({ frame }) => parseEvents(frame.plain.toString()));
  return { source, clock, feed, failures, sent, audience, deltas };
}

t.test('all changes of 100 ms make one delta', async (t) => {
  const { source, clock, deltas } = world();
  for (let i = 0; i < 1000; i++) {
    source.order('Item1', 10);
    clock.advance(1);
  }
  t.equal(deltas().length, 10);
  t.equal(deltas().at(-1)?.data.metrics.totalCount, 1000);
  t.same(deltas()[0]?.data, { ...deltas()[0]?.data, epoch: 17, base: 0, seq: 1 });
});

t.test('a message comes every second although nothing changes', async (t) => {
  const { clock, deltas } = world();
  for (let second = 1; second <= 10; second++) {
    const before = deltas().length;
    clock.advance(1000);
    t.ok(deltas().length > before);
  }
  t.same(deltas()[0]?.data, { epoch: 17, base: 0, seq: 1, at: 900 });
  t.same(deltas()[9]?.data, { epoch: 17, base: 9, seq: 10, at: 9000 });
});

t.test('the number grows every second although nobody looks', async (t) => {
  const { feed, clock, audience, sent } = world();
  audience.clients = 0;
  const before = (await feed.newest()).seq;
  clock.advance(1000);
  t.equal((await feed.newest()).seq, before + 1);
  t.same(sent, []);
});

t.test('while a message is being sent, changes gather', async (t) => {
  const { source, clock, audience, sent, deltas } = world();
  audience.busy = true;
  source.order('Item1', 10);
  clock.advance(500);
  t.equal(sent.length, 0);
  audience.busy = false;
  source.order('Item1', 30);
  clock.advance(100);
  t.equal(sent.length, 1);
  t.match(deltas()[0]?.data, {
    metrics: { perProduct: { Item1: { count: 2, averagePrice: 20 } } },
  });
});

t.test('a poll sees what happened before it', async (t) => {
  const { source, clock, feed, audience } = world();
  audience.clients = 0;
  for (let i = 1; i <= 3; i++) {
    source.order('Item1', 10);
    clock.advance(100);
    t.equal(totalOf(await feed.newest()), i);
  }
});

t.test('a thousand polls in 100 ms read the source once', async (t) => {
  const { source, clock, feed } = world();
  source.order('Item1', 10);
  clock.advance(50);
  const views = await Promise.all(Array.from({ length: 1000 }, () => feed.newest()));
  t.equal(source.calls.read, 1);
  t.equal(new Set(views.map((view) => view.snapshot())).size, 1, 'and encode it once');
  t.equal(new Set(views.map((view) => view.frame())).size, 1);
});

t.test(
  'a poll between two messages waits, so that the next delta follows its snapshot',
  async (t) => {
    const { source, clock, feed, deltas } = world();
    source.order('Item1', 10);
    clock.advance(100);
    source.order('Item2', 30);
    const poll = feed.newest();
    source.order('Item2', 50);
    clock.advance(100);
    const view = await poll;
    t.equal(view.seq, deltas()[1]?.data.seq);
    const snapshot: Snapshot = JSON.parse(view.snapshot().toString());
    t.match(snapshot, { epoch: 17, seq: 2, metrics: { totalCount: 3 } });
    source.order('Item1', 1);
    clock.advance(100);
    t.equal(deltas()[2]?.data.base, view.seq);
  },
);

t.test('closing answers who waits and stops the clock', async (t) => {
  const { source, clock, feed, sent } = world();
  source.order('Item1', 10);
  clock.advance(100);
  const poll = feed.newest();
  feed.close();
  feed.close();
  t.equal(totalOf(await poll), 1);
  const before = sent.length;
  clock.advance(10_000);
  t.equal(sent.length, before);
  t.ok(await feed.newest(), 'a late request gets an answer too');
});

t.test('a tick that throws is told, and the next ones go on with the whole', async (t) => {
  const { source, clock, feed, failures, sent, deltas } = world();
  const { takeChanges } = source;
  source.takeChanges = () => {
    takeChanges();
    throw new Error('broken');
  };
  source.order('Item1', 10);
  clock.advance(500);
  t.match(failures, Array(5).fill({ message: 'broken' }));
  t.equal(sent.length, 0);
  const poll = feed.newest();
  clock.advance(100);
  await t.rejects(poll, { message: 'broken' }, 'who waits is told too');
  source.takeChanges = takeChanges;
  clock.advance(200);
  const [first] = deltas();
  t.match(first, { event: 'snapshot', data: { metrics: { totalCount: 1 } } }, 'nothing is missing');
  t.equal(sent[0]?.base, null);
  source.order('Item1', 10);
  clock.advance(100);
  t.match(deltas().at(-1), { event: 'delta', data: { metrics: { totalCount: 2 } } });
});

t.test('while the source works off what is new, messages say that nothing changed', async (t) => {
  const { source, clock, feed, deltas } = world();
  let done = () => {};
  const pending = new Promise<void>((resolve) => {
    done = resolve;
  });
  let left = true;
  source.settle = () => (left ? pending : undefined);
  source.order('Item1', 10);
  clock.advance(2000);
  t.ok(deltas().length >= 2, 'a page that hears nothing would give up');
  t.notOk(deltas().some(({ data }) => data.metrics));
  const poll = feed.newest();
  left = false;
  done();
  t.equal(totalOf(await poll), 1);
  t.equal(deltas().at(-1)?.data.metrics?.totalCount, 1);
});

t.test('a source that cannot work off what is new is asked again', async (t) => {
  const { source, clock, feed, failures } = world();
  const { settle } = source;
  source.settle = () => Promise.reject(new Error('broken'));
  await t.rejects(feed.newest(), { message: 'broken' });
  t.equal(failures.length, 1);
  source.settle = settle;
  clock.advance(100);
  t.equal(totalOf(await feed.newest()), 0);
});

t.test('what is too much for a delta comes as a snapshot', async (t) => {
  const { source, clock, sent, deltas } = world();
  source.takeChanges = () => 'all';
  clock.advance(100);
  t.match(sent, [{ base: null, seq: 1 }]);
  t.match(deltas(), [{ event: 'snapshot', id: '17-1' }]);
});

function totalOf(view: FeedView): number | undefined {
  return (JSON.parse(view.snapshot().toString()) as Snapshot).metrics?.totalCount;
}

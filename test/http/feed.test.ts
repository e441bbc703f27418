import t from 'tap';
import type { Snapshot } from '../../server/http/contract.ts';
import { createFeed, type Message } from '../../server/http/feed.ts';
import { fakeSource, manualClock, parseEvents, unchunk } from '../fixtures/http.ts';

function world() {
  const source = fakeSource();
  const clock = manualClock();
  const feed = createFeed({ source, clock, epoch: 17 });
  const sent: Message[] = [];
  const audience = { clients: 1, busy: false };
  feed.attach({
    size: () => audience.clients,
    busy: () => audience.busy,
    send: (message) => sent.push(message),
  });
  const deltas = () => sent.flatMap(({ frame }) => parseEvents(unchunk(frame)));
  return { source, clock, feed, sent, audience, deltas };
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
  t.same(deltas()[0]?.data, { epoch: 17, base: 0, seq: 1 });
  t.same(deltas()[9]?.data, { epoch: 17, base: 9, seq: 10 });
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
    t.equal((await feed.newest()).overview.metrics.totalCount, i);
  }
});

t.test('a thousand polls in 100 ms read the source once', async (t) => {
  const { source, clock, feed } = world();
  source.order('Item1', 10);
  clock.advance(50);
  const views = await Promise.all(Array.from({ length: 1000 }, () => feed.newest()));
  t.equal(source.calls.read, 1);
  t.equal(new Set(views.map((view) => view.snapshot())).size, 1, 'and encode it once');
  t.equal(new Set(views.map((view) => view.metrics())).size, 1);
  t.equal(new Set(views.map((view) => view.frame())).size, 1);
  t.equal(new Set(views.map((view) => view.deadLetters(20))).size, 1);
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
  t.equal((await poll).overview.metrics.totalCount, 1);
  const before = sent.length;
  clock.advance(10_000);
  t.equal(sent.length, before);
  t.ok(await feed.newest(), 'a late request gets an answer too');
});

t.test('only the list of the last limit is kept', async (t) => {
  const { source, feed } = world();
  source.deadLetter('a');
  source.deadLetter('b');
  const view = await feed.newest();
  t.same(JSON.parse(view.deadLetters(1).toString()).length, 1);
  t.same(JSON.parse(view.deadLetters(2).toString()).length, 2);
});

import t from 'tap';
import { createPageFeed } from '../../client/src/feed.ts';
import type { FeedState, StreamListener } from '../../client/src/feed-state.ts';
import type { Delta, Snapshot } from '../../server/http/contract.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { aSnapshot, aStatus, someMetrics } from '../fixtures/snapshot.ts';

/** A feed in a world that a test scripts: it opens streams by hand and answers every fetch. */
function world(options: { answers?: () => Promise<Snapshot> } = {}) {
  const clock = manualClock();
  const streams: (StreamListener & { open: boolean })[] = [];
  const states: FeedState[] = [];
  let fetches = 0;
  let seq = 0;
  const started = clock.now();

  const script = {
    yields: () => {},
    free: () => {},
    given: 0,
    answers: options.answers ?? (async () => aSnapshot({ epoch: 1, seq: ++seq })),
  };
  const feed = createPageFeed(
    {
      clock,
      random: () => 0.5,
      openStream(listener) {
        const stream = { ...listener, open: true };
        streams.push(stream);
        return () => {
          stream.open = false;
        };
      },
      turns: {
        take: (yields) => {
          script.yields = yields;
        },
        giveBack: () => {
          script.given += 1;
        },
        onFree: (run) => {
          script.free = run;
        },
      },
      fetchSnapshot() {
        fetches += 1;
        return script.answers();
      },
    },
    (state) => states.push(state),
  );
  return {
    clock,
    feed,
    script,
    streams,
    fetches: () => fetches,
    state: () => states.at(-1)!,
    stream: () => streams.at(-1)!,
    elapsed: () => clock.now() - started,
    /** A whole snapshot on the newest stream. */
    snapshot(change: Partial<Snapshot> = {}) {
      const message = aSnapshot({ epoch: 1, seq: ++seq, ...change });
      streams.at(-1)!.message('snapshot', JSON.stringify(message));
    },
    delta(change: Partial<Delta> = {}) {
      const message = { at: 0, epoch: 1, base: seq, seq: seq + 1, ...change };
      seq = message.seq;
      streams.at(-1)!.message('delta', JSON.stringify(message));
    },
  };
}

/** The same, already live. */
function liveWorld() {
  const w = world();
  w.feed.start();
  w.snapshot();
  return w;
}

const refused = () => Promise.reject(new Error('ECONNREFUSED'));

t.test('the first message makes it live, not the opening of the stream', async (t) => {
  const w = world();
  w.feed.start();
  t.equal(w.state().transport, 'connecting');
  w.snapshot();
  t.equal(w.state().transport, 'live');
  t.equal(w.state().model?.metrics?.totalCount, 6854);
  t.equal(w.fetches(), 0);
});

t.test('a stream that opens and says nothing is given up after 3 s', async (t) => {
  const w = world();
  w.feed.start();
  await w.clock.advance(2999);
  t.equal(w.state().transport, 'connecting');
  await w.clock.advance(1);
  t.equal(w.state().transport, 'polling');
  t.equal(w.fetches(), 1);
  t.notOk(w.stream().open);
});

t.test('a live stream that goes silent is given up after 3.5 s', async (t) => {
  const w = liveWorld();
  await w.clock.advance(3400);
  w.delta();
  await w.clock.advance(3499);
  t.equal(w.state().transport, 'live');
  await w.clock.advance(1);
  t.equal(w.state().transport, 'polling');
  t.equal(w.state().dropped, 'it went silent');
});

t.test('a broken connection has 1.5 s to come back by itself', async (t) => {
  const w = liveWorld();
  w.stream().error(false);
  await w.clock.advance(1000);
  w.stream().error(false);
  w.snapshot();
  await w.clock.advance(1500);
  t.equal(w.state().transport, 'live', 'it came back');

  w.stream().error(false);
  await w.clock.advance(1000);
  w.stream().error(false);
  await w.clock.advance(500);
  t.equal(w.state().transport, 'polling', 'a second error does not start the grace anew');
});

t.test('a stream that the browser closed is given up at once', async (t) => {
  const w = liveWorld();
  w.stream().error(true);
  t.equal(w.state().transport, 'polling');
});

t.test('polling asks once a second, and never while an answer is awaited', async (t) => {
  const w = liveWorld();
  w.stream().error(true);
  t.equal(w.fetches(), 1);
  await w.clock.advance(1000);
  t.equal(w.fetches(), 2);
  let answer = (_: Snapshot) => {};
  w.script.answers = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  await w.clock.advance(1000);
  t.equal(w.fetches(), 3);
  await w.clock.advance(5000);
  t.equal(w.fetches(), 3);
  answer(aSnapshot({ epoch: 1, seq: 99 }));
  await w.clock.advance(1000);
  t.equal(w.fetches(), 4);
});

t.test('two messages on a probe bring it back, one is not enough', async (t) => {
  const w = liveWorld();
  w.stream().error(true);
  await w.clock.advance(1000);
  t.equal(w.streams.length, 2, 'probed after a second');
  w.snapshot();
  t.equal(w.state().transport, 'polling');
  w.delta();
  t.equal(w.state().transport, 'live');
  const fetches = w.fetches();
  for (let second = 0; second < 5; second++) {
    await w.clock.advance(1000);
    w.delta();
  }
  t.equal(w.fetches(), fetches, 'polling has ended');
});

t.test('probes grow apart: 1 2 4 8 15 30 30 s', async (t) => {
  const w = liveWorld();
  w.stream().error(true);
  let last = w.elapsed();
  for (const gap of [1, 2, 4, 8, 15, 30, 30]) {
    const before = w.streams.length;
    while (w.streams.length === before) await w.clock.advance(500);
    t.equal(w.elapsed() - last, gap * 1000);
    last = w.elapsed();
    w.stream().error(false);
  }
});

t.test('three failed polls are a disconnection; then 1 2 4 8 8 s apart', async (t) => {
  const w = liveWorld();
  w.script.answers = refused;
  w.stream().error(true);
  await w.clock.advance(1999);
  t.equal(w.state().transport, 'polling');
  await w.clock.advance(1);
  t.equal(w.state().transport, 'disconnected');
  t.equal(w.fetches(), 3);
  for (const gap of [1, 2, 4, 8, 8]) {
    const before = w.fetches();
    await w.clock.advance(gap * 1000 - 1);
    t.equal(w.fetches(), before);
    await w.clock.advance(1);
    t.equal(w.fetches(), before + 1);
  }
});

t.test('any answer ends a disconnection', async (t) => {
  const w = liveWorld();
  const answers = w.script.answers;
  w.script.answers = refused;
  w.stream().error(true);
  await w.clock.advance(2000);
  w.script.answers = answers;
  await w.clock.advance(1000);
  t.equal(w.state().transport, 'polling');
});

t.test('a message on a probe ends a disconnection as well', async (t) => {
  const w = liveWorld();
  w.script.answers = refused;
  w.stream().error(true);
  await w.clock.advance(2000);
  t.equal(w.state().transport, 'disconnected');
  w.snapshot();
  t.equal(w.state().transport, 'polling');
});

t.test('retry tries both roads at once and starts the patience anew', async (t) => {
  const w = liveWorld();
  w.script.answers = refused;
  w.stream().error(true);
  await w.clock.advance(30_000);
  t.equal(w.state().transport, 'disconnected');
  const [streams, fetches] = [w.streams.length, w.fetches()];
  w.feed.retry();
  t.equal(w.streams.length, streams + 1);
  t.equal(w.fetches(), fetches + 1);
  await w.clock.advance(1000);
  t.equal(w.fetches(), fetches + 2, 'the next one comes after a second again');
});

t.test('three drops within a minute: it stays on polling for one', async (t) => {
  const w = liveWorld();
  for (let drop = 1; drop <= 3; drop++) {
    w.stream().error(true);
    if (drop === 3) break;
    await w.clock.advance(1000);
    w.snapshot();
    w.delta();
    t.equal(w.state().transport, 'live');
  }
  const streams = w.streams.length;
  await w.clock.advance(59_999);
  t.equal(w.streams.length, streams);
  t.match(w.state().dropped, /three times/);
  await w.clock.advance(1);
  t.equal(w.streams.length, streams + 1);
});

t.test('within one process the greatest number wins', async (t) => {
  const w = liveWorld();
  w.snapshot({ seq: 10, throughput: 10 });
  w.snapshot({ seq: 9, throughput: 9 });
  t.equal(w.state().model?.throughput, 10);
});

t.test('a server restarted with its clock set back is the new truth, on the stream', async (t) => {
  const w = liveWorld();
  w.snapshot({ epoch: 9, seq: 99, throughput: 9 });
  w.stream().error(false);
  w.snapshot({ epoch: 2, seq: 1, throughput: 2 });
  t.equal(w.state().model?.throughput, 2);
  w.delta({ at: 0, epoch: 2, base: 1, seq: 2, throughput: 3 });
  t.equal(w.state().model?.throughput, 3);
  await w.clock.advance(0);
  t.equal(w.fetches(), 0);
  t.equal(w.clock.now(), w.state().advancedAt);
});

t.test('and it is when polled', async (t) => {
  const w = liveWorld();
  w.snapshot({ epoch: 9, seq: 99 });
  w.stream().error(true);
  w.script.answers = async () => aSnapshot({ epoch: 2, seq: 1, throughput: 2 });
  await w.clock.advance(1000);
  t.equal(w.state().model?.throughput, 2);
  w.script.answers = async () => aSnapshot({ epoch: 2, seq: 2, throughput: 3 });
  await w.clock.advance(1000);
  t.equal(w.state().model?.throughput, 3);
  t.equal(w.state().advancedAt, w.clock.now());
});

t.test('a late answer of the old process does not bring it back', async (t) => {
  const w = liveWorld();
  w.snapshot({ epoch: 9, seq: 99 });
  let answer = (_: Snapshot) => {};
  w.script.answers = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  w.stream().error(true);
  t.equal(w.fetches(), 1);
  await w.clock.advance(1000);
  w.snapshot({ epoch: 2, seq: 1, throughput: 2 });
  answer(aSnapshot({ epoch: 9, seq: 100, throughput: 9 }));
  await w.clock.advance(0);
  t.equal(w.state().model?.throughput, 2);
});

t.test(
  'two instances behind one address: the live stream is followed, whom polls reach',
  async (t) => {
    const w = liveWorld();
    w.script.answers = async () => aSnapshot({ epoch: 5, seq: 1000, throughput: 5 });
    w.feed.retry();
    await w.clock.advance(0);
    t.equal(w.fetches(), 1);
    w.delta({ throughput: 1 });
    t.equal(w.state().model?.throughput, 1, 'the delta follows what the stream said');
    t.equal(w.fetches(), 1);
    t.equal(w.state().transport, 'live');
  },
);

t.test(
  'a gap that the answer of another instance cannot fill begins the stream anew',
  async (t) => {
    const w = liveWorld();
    w.script.answers = async () => aSnapshot({ epoch: 5, seq: 1, throughput: 5 });
    w.delta({ base: 9, seq: 10, throughput: 99 });
    await w.clock.advance(0);
    t.equal(w.state().transport, 'polling');
    await w.clock.advance(1000);
    t.equal(w.streams.length, 2);
  },
);

t.test('two instances that are both frozen are not fresh, however they take turns', async (t) => {
  const w = liveWorld();
  let turn = 0;
  w.script.answers = async () => aSnapshot({ epoch: turn++ % 2, seq: 1 });
  w.stream().error(true);
  await w.clock.advance(10_000);
  t.ok(w.clock.now() - w.state().advancedAt! > 5000);
});

t.test('a server that does not know yet takes no number away', async (t) => {
  const w = liveWorld();
  const status = aStatus({ phase: 'starting', reasons: ['reading'] });
  w.snapshot({ epoch: 2, seq: 1, metrics: null, deadLetters: [], status });
  t.equal(w.state().model?.metrics?.totalCount, 6854);
  t.equal(w.state().model?.products.size, 9);
  t.equal(w.state().model?.deadLetters.length, 23);
  t.equal(w.state().model?.status.phase, 'starting');
  w.snapshot({ epoch: 2, seq: 2, metrics: someMetrics({ totalCount: 1 }), deadLetters: [] });
  t.equal(w.state().model?.metrics?.totalCount, 1);
  t.equal(w.state().model?.deadLetters.length, 0);
});

t.test('a delta is laid over what it follows', async (t) => {
  const w = liveWorld();
  const metrics = someMetrics({ totalCount: 7000, perProduct: {} });
  w.delta({ metrics });
  t.equal(w.state().model?.metrics?.totalCount, 7000);
  t.equal(w.state().model?.products.size, 9);
});

t.test('a delta with a gap before it asks for a snapshot, once at a time', async (t) => {
  const w = liveWorld();
  w.script.answers = async () => aSnapshot({ epoch: 1, seq: 12, throughput: 12 });
  w.delta({ base: 9, seq: 10, throughput: 99 });
  w.delta({ base: 10, seq: 11, throughput: 99 });
  t.equal(w.fetches(), 1);
  t.equal(w.state().model?.throughput, 38.7);
  await w.clock.advance(0);
  t.equal(w.state().model?.throughput, 12);
  t.equal(w.state().transport, 'live');
});

t.test('an unreadable message is a lost stream', async (t) => {
  const w = liveWorld();
  w.stream().message('delta', '{"epoch":1,');
  t.equal(w.state().transport, 'polling');
});

t.test('only what advances is fresh: the same answer again is not', async (t) => {
  const w = liveWorld();
  w.script.answers = async () => aSnapshot({ epoch: 1, seq: 1 });
  w.stream().error(true);
  await w.clock.advance(10_000);
  t.equal(w.state().transport, 'polling');
  t.equal(w.clock.now() - w.state().advancedAt!, 10_000);
});

t.test('a tab hidden for 30 s gives the stream back and polls every 15 s', async (t) => {
  const w = liveWorld();
  w.feed.setVisible(false);
  for (let second = 0; second < 29; second++) {
    await w.clock.advance(1000);
    w.delta();
  }
  t.equal(w.state().transport, 'live');
  await w.clock.advance(1000);
  t.notOk(w.stream().open);
  t.ok(w.state().resting);
  const [streams, fetches] = [w.streams.length, w.fetches()];
  await w.clock.advance(15_000);
  t.equal(w.fetches(), fetches + 1);
  t.equal(w.streams.length, streams, 'it does not probe');

  w.feed.setVisible(true);
  t.equal(w.fetches(), fetches + 2, 'it asks at once');
  t.equal(w.streams.length, streams + 1);
  w.snapshot();
  t.equal(w.state().transport, 'live');
  t.notOk(w.state().resting);
});

t.test('a tab hidden for a moment keeps its stream', async (t) => {
  const w = liveWorld();
  w.feed.setVisible(false);
  await w.clock.advance(3000);
  w.feed.setVisible(true);
  w.delta();
  t.ok(w.stream().open);
  t.equal(w.streams.length, 1);
});

t.test('stop holds nothing open; start goes on with the old numbers', async (t) => {
  const w = liveWorld();
  w.feed.stop();
  t.notOk(w.stream().open);
  await w.clock.advance(60_000);
  t.equal(w.fetches(), 0);
  w.feed.start();
  t.equal(w.state().transport, 'connecting');
  t.equal(w.state().model?.metrics?.totalCount, 6854);
});

t.test('an answer to a feed that was stopped meanwhile changes nothing', async (t) => {
  const w = liveWorld();
  w.stream().error(true);
  w.feed.stop();
  const state = w.state();
  await w.clock.advance(10_000);
  t.equal(w.state(), state);
});

/** Nobody answers until the test says so. */
function frozenWorld() {
  const w = liveWorld();
  const waiting: ((snapshot: Snapshot | null) => void)[] = [];
  w.script.answers = () =>
    new Promise((resolve, reject) => {
      const cancel = w.clock.after(4000, () => reject(new Error('no answer')));
      waiting.push((snapshot) => {
        cancel();
        if (snapshot) resolve(snapshot);
      });
    });
  return { ...w, wake: () => waiting.at(-1)!(aSnapshot({ epoch: 1, seq: 999 })) };
}

for (const frozenFor of [6, 18, 60, 300]) {
  t.test(`a server that was frozen for ${frozenFor} s is live within 2 s`, async (t) => {
    const w = frozenWorld();
    await w.clock.advance(frozenFor * 1000);
    t.not(w.state().transport, 'live');
    t.ok(w.clock.now() - w.state().heardAt! >= frozenFor * 1000, 'nothing was heard');
    // At the worst it wakes between two questions.
    await w.clock.advance(250);
    w.wake();
    await w.clock.advance(0);
    w.stream().message('snapshot', JSON.stringify(aSnapshot({ epoch: 1, seq: 1000 })));
    await w.clock.advance(900);
    w.delta({ base: 1000, seq: 1001 });
    t.equal(w.state().transport, 'live');
  });
}

t.test('a stream that other tabs need is given to them, and the page polls', async (t) => {
  const w = liveWorld();
  w.script.yields();
  t.notOk(w.stream().open);
  t.equal(w.state().transport, 'polling');
  t.match(w.state().dropped, /other tabs/);
  const streams = w.streams.length;
  await w.clock.advance(10_000);
  t.equal(w.streams.length, streams, 'it does not try before one is free');
  w.script.free();
  t.equal(w.streams.length, streams + 1);
  w.snapshot();
  t.equal(w.state().transport, 'live');
});

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import t from 'tap';
import type { Snapshot } from '../../server/http/contract.ts';
import { createEventStream } from '../../server/http/event-stream.ts';
import { createFeed } from '../../server/http/feed.ts';
import type { StreamSocket } from '../../server/http/stream-client.ts';
import {
  applyDelta,
  fakeSource,
  manualClock,
  parseEvents,
  turn,
  unchunk,
} from '../fixtures/http.ts';

/** A socket whose reader can stop: what is written then stays in it. */
function fakeSocket() {
  const events = new EventEmitter();
  const written: Buffer[] = [];
  let waiting: (() => void)[] = [];
  const fake = { reading: true, state: 'open' };
  const socket = {
    writableLength: 0,
    write(frame: Buffer, taken?: () => void) {
      written.push(frame);
      if (fake.reading) {
        if (taken) setImmediate(taken);
        return true;
      }
      socket.writableLength += frame.length;
      if (taken) waiting.push(taken);
      return true;
    },
    destroy() {
      fake.state = 'destroyed';
      events.emit('close');
    },
    destroySoon() {
      fake.state = 'ended';
      events.emit('close');
    },
    once: events.once.bind(events),
  };
  const take = () => {
    socket.writableLength = 0;
    const taken = waiting;
    waiting = [];
    for (const each of taken) each();
  };
  return Object.assign(fake, {
    socket: socket as unknown as StreamSocket,
    stop() {
      fake.reading = false;
    },
    drain() {
      fake.reading = true;
      take();
    },
    /** Takes what is in the socket, and goes on not reading. */
    take,
    frames: () => written.length,
    bytes: () => Buffer.concat(written).toString(),
    events: () => parseEvents(unchunk(Buffer.concat(written))),
  });
}

function world(limits = { clients: 100_000, perAddress: 100_000 }) {
  const source = fakeSource();
  const clock = manualClock();
  const failures: unknown[] = [];
  const feed = createFeed({
    source,
    clock,
    epoch: 17,
    failed: (error) => failures.push(error),
  });
  const streams = createEventStream({
    feed,
    clock,
    limits,
    random: () => 0.5,
    failed: (error) => failures.push(error),
  });
  const open = async (address = '::1', reading = true, chunked = true) => {
    const client = fakeSocket();
    if (!reading) client.stop();
    streams.open(client.socket, address, chunked);
    await turn();
    return client;
  };
  /** Turns the clock tick by tick, so that every fan-out ends. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(Math.min(100, left));
      for (let slice = 0; slice < 3; slice++) await turn();
    }
  };
  return { source, clock, feed, streams, failures, open, pass };
}

/** The state a client has after all its events; throws when they do not follow each other. */
function stateOf(client: ReturnType<typeof fakeSocket>): Snapshot {
  const [first, ...rest] = client.events();
  return rest.reduce(
    (state, { event, data }) => (event === 'snapshot' ? data : applyDelta(state, data)),
    first!.data as Snapshot,
  );
}

t.test('a stream begins with retry and a whole snapshot, and goes on with deltas', async (t) => {
  const { source, open, pass } = world();
  source.order('Item1', 10);
  const client = await open();
  source.order('Item2', 30);
  await pass(100);
  t.match(
    client.bytes(),
    /^d\r\nretry: 1000\n\n\r\n[0-9a-f]+\r\nevent: snapshot\nid: 17-1\ndata: /,
  );
  const [snapshot, delta] = client.events();
  t.match(snapshot, { event: 'snapshot', id: '17-1', data: { epoch: 17, seq: 1 } });
  t.match(delta, { event: 'delta', id: '17-2', data: { epoch: 17, base: 1, seq: 2 } });
  t.same(Object.keys(delta?.data.metrics?.perProduct ?? {}), ['Item2'], 'with what changed only');
});

t.test('all clients get the same buffer', async (t) => {
  const { source, open, pass, streams } = world();
  const clients = await Promise.all(Array.from({ length: 300 }, () => open()));
  t.equal(streams.size(), 300);
  const before = source.calls.take;
  source.order('Item1', 10);
  await pass(300);
  t.equal(source.calls.take, before + 3);
  t.equal(new Set(clients.map((client) => client.bytes())).size, 1);
});

t.test('the fan-out goes in slices, and the next tick waits for it', async (t) => {
  const { source, open, clock } = world();
  const clients = await Promise.all(Array.from({ length: 300 }, () => open()));
  const sent = () => clients.filter((client) => client.events().some((e) => e.event === 'delta'));
  source.order('Item1', 10);
  clock.advance(100);
  t.equal(sent().length, 128);
  const before = source.calls.take;
  clock.advance(100);
  t.equal(source.calls.take, before, 'nothing is taken while sending');
  await turn();
  await turn();
  t.equal(sent().length, 300);
  for (const client of clients) t.equal(client.events().length, 2);
});

t.test('who does not read costs one frame, and gets the newest snapshot later', async (t) => {
  const { source, streams, open, pass } = world();
  const slow = await open();
  const healthy = await open();
  slow.stop();
  for (let i = 0; i < 50; i++) {
    source.order('Item1', i);
    await pass(100);
  }
  t.equal(slow.frames(), 3, 'retry, snapshot, and the delta that it did not read');
  t.equal(streams.dropped(), 49, 'what it missed is counted');
  slow.drain();
  source.order('Item2', 1);
  await pass(100);
  const last = slow.events().at(-1);
  t.match(last, { event: 'snapshot', data: { metrics: { totalCount: 51 } } });
  source.order('Item2', 2);
  await pass(100);
  t.equal(slow.events().at(-1)?.event, 'delta');
  t.same(stateOf(slow), stateOf(healthy));
});

t.test('who reads nothing from the start gets no snapshot until it does', async (t) => {
  const { open, pass } = world();
  const client = await open('::1', false);
  await pass(2_000);
  t.equal(client.frames(), 1, 'retry only');
  client.drain();
  await pass(2_000);
  t.equal(client.events()[0]?.event, 'snapshot');
});

t.test('who gets its snapshot during a fan-out gets it once', async (t) => {
  const { source, open, pass } = world();
  for (let i = 0; i < 200; i++) await open();
  source.order('Item1', 1);
  await pass(100);
  source.order('Item1', 1);
  const late = await open();
  await pass(100);
  t.same(
    late.events().map(({ event, data }) => [event, data.metrics?.totalCount]),
    [['snapshot', 2]],
  );
});

t.test('a client that has drained catches up although nothing changes any more', async (t) => {
  const { source, open, pass } = world();
  const client = await open();
  client.stop();
  source.order('Item1', 1);
  await pass(100);
  source.order('Item1', 1);
  await pass(100);
  client.drain();
  await pass(1000);
  t.equal(stateOf(client).metrics?.totalCount, 2);
});

t.test('who has not read for ten seconds is dropped', async (t) => {
  const { open, pass, streams } = world();
  const slow = await open();
  const healthy = await open();
  slow.stop();
  await pass(10_000);
  t.equal(slow.state, 'open', 'ten seconds from the first message that it did not read');
  await pass(2_000);
  t.equal(slow.state, 'destroyed');
  t.equal(healthy.state, 'open');
  t.equal(streams.size(), 1);
});

t.test('who reads slowly gets it all, however long that takes', async (t) => {
  const { source, open, pass } = world();
  for (let i = 0; i < 1000; i++) source.order(`${i}`.padEnd(200, 'x'), 1);
  const slow = await open('::1', false);
  slow.take();
  await turn();
  await pass(1000);
  for (let piece = 0; piece < 7; piece++) {
    await pass(8000);
    t.equal(slow.events().length, 0, 'not whole yet');
    slow.take();
  }
  await turn();
  const [snapshot] = slow.events();
  t.equal(snapshot?.data.metrics?.totalCount, 1000);
  t.equal(slow.state, 'open');
  await pass(12_000);
  t.equal(slow.state, 'destroyed', 'and is dropped when it stops');
});

t.test('who asked by HTTP/1.0 gets the events without chunks', async (t) => {
  const { source, open, pass, streams } = world();
  const client = await open('::1', true, false);
  source.order('Item1', 1);
  await pass(100);
  t.match(client.bytes(), /^retry: 1000\n\nevent: snapshot\nid: 17-[01]\ndata: \{/);
  t.same(
    parseEvents(client.bytes()).map(({ event }) => event),
    ['snapshot', 'delta'],
  );
  streams.close();
  t.ok(client.bytes().endsWith('}\n\n'), 'the end of the connection is the end');
});

t.test('those who are behind keep 32 MB of different frames, and no more', async (t) => {
  const { source, open, pass, streams } = world();
  for (let i = 0; i < 1000; i++) source.order(`${i}`.padEnd(1000, 'x'), 1);
  source.takeChanges = () => 'all';
  for (let i = 0; i < 40; i++) {
    const client = await open();
    client.stop();
    await pass(100);
  }
  t.ok(streams.size() < 40 && streams.size() > 20, `${streams.size()} of 40`);
});

t.test('a client to which nothing can be written holds up nobody', async (t) => {
  const { source, open, pass, streams, failures } = world();
  const broken = await open();
  const healthy = await open();
  broken.socket.write = () => {
    throw new Error('broken socket');
  };
  source.order('Item1', 1);
  await pass(200);
  t.equal(healthy.events().at(-1)?.event, 'delta');
  t.equal(streams.size(), 1);
  t.match(failures, [{ message: 'broken socket' }]);
});

t.test('who reads again in time stays', async (t) => {
  const { open, pass } = world();
  const client = await open();
  for (let i = 0; i < 5; i++) {
    client.stop();
    await pass(8_000);
    client.drain();
    await pass(2_000);
  }
  t.equal(client.state, 'open');
});

t.test('a stream ends properly after its life', async (t) => {
  const { open, pass, streams } = world();
  const client = await open();
  await pass(599_000);
  t.equal(client.state, 'open');
  await pass(2_000);
  t.equal(client.state, 'ended');
  t.ok(client.bytes().endsWith('0\r\n\r\n'));
  t.equal(streams.size(), 0);
});

t.test('there is room for so many streams, and so many per address', async (t) => {
  const { streams, open } = world({ clients: 3, perAddress: 2 });
  const first = await open('10.0.0.1');
  await open('10.0.0.1');
  t.notOk(streams.admits('10.0.0.1'));
  t.ok(streams.admits('10.0.0.2'));
  await open('10.0.0.2');
  t.notOk(streams.admits('10.0.0.3'));
  first.socket.destroy();
  t.ok(streams.admits('10.0.0.1'), 'who leaves makes room');
});

t.test('closing ends every stream, and drops who does not read', async (t) => {
  const { source, open, pass, streams } = world();
  const client = await open();
  const slow = await open();
  slow.stop();
  source.order('Item1', 1);
  await pass(100);
  streams.close();
  t.equal(client.state, 'ended');
  t.equal(slow.state, 'destroyed');
  t.equal(streams.size(), 0);
  t.notOk(streams.admits('::1'));
});

t.test('nothing is written after the end, even in the middle of a fan-out', async (t) => {
  const { source, open, clock, streams } = world();
  const clients = await Promise.all(Array.from({ length: 300 }, () => open()));
  source.order('Item1', 1);
  clock.advance(100);
  streams.close();
  for (let slice = 0; slice < 3; slice++) await turn();
  for (const client of clients) t.ok(client.bytes().endsWith('0\r\n\r\n'));
});

t.test('a client whose snapshot cannot be read is dropped, and the reason told', async (t) => {
  const { source, open, streams, failures } = world();
  source.read = () => {
    throw new Error('broken');
  };
  const client = await open();
  t.equal(client.state, 'destroyed');
  t.equal(streams.size(), 0);
  t.match(failures, [{ message: 'broken' }]);
});

/** One text for equal states, own keys like `__proto__` included. */
function canonical({ metrics, ...rest }: Snapshot): string {
  const perProduct = Object.entries(metrics?.perProduct ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({ ...rest, metrics: { ...metrics, perProduct } });
}

const names = fc.constantFrom('Item1', 'Item2', '__proto__', 'constructor', 'toString', 'a\u2028b');
const step = fc.oneof(
  fc.record({ do: fc.constant('order'), product: names, price: fc.integer({ min: 0, max: 99 }) }),
  fc.record({ do: fc.constantFrom('dead-letter', 'status', 'open', 'poll') }),
  fc.record({ do: fc.constant('pass'), ms: fc.integer({ min: 1, max: 400 }) }),
  fc.record({ do: fc.constantFrom('stop', 'drain'), client: fc.nat({ max: 5 }) }),
);

t.test('whatever happens, deltas applied to a snapshot give the next snapshot', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { source, clock, feed, open, pass } = world();
      const clients: Awaited<ReturnType<typeof open>>[] = [];
      for (const [i, step] of steps.entries()) {
        if ('product' in step) source.order(step.product, step.price);
        else if ('ms' in step) clock.advance(step.ms);
        else if ('client' in step) {
          const client = clients[step.client];
          if (step.do === 'stop') client?.stop();
          else client?.drain();
        } else if (step.do === 'dead-letter') source.deadLetter(`order-${i}`);
        else if (step.do === 'status') source.setStatus({ reasons: [`reason ${i}`] });
        else if (step.do === 'poll') void feed.newest();
        else clients.push(await open());
        if (i % 3 === 0) await turn();
      }
      for (const client of clients) client.drain();
      await pass(3_000);
      const [view] = await Promise.all([feed.newest(), pass(100)]);
      const newest = JSON.parse(view.snapshot().toString());
      for (const client of clients) assert.equal(canonical(stateOf(client)), canonical(newest));
    }),
    { numRuns: 150 },
  );
});

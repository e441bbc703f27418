import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { createFrames, MAX_FRAME_BYTES } from '../../server/dev-broker/frames.ts';
import { createMemory, MAX_HELD_BYTES } from '../../server/dev-broker/memory.ts';
import { encodeRequest, metadataOf, withDevBroker, withRawClient } from '../fixtures/dev-broker.ts';
import { createHeardLogger } from '../fixtures/heard-logger.ts';
import { makeBatch } from '../fixtures/log-batches.ts';

t.test('whoever holds most lets go first', async (t) => {
  const memory = createMemory(100);
  const dropped: string[] = [];
  const join = (name: string) => memory.join(() => dropped.push(name));
  const [a, b, c] = [join('a'), join('b'), join('c')];
  a.hold(30);
  b.hold(60);
  c.hold(10);
  t.same([dropped, memory.left()], [[], 0]);
  c.hold(11);
  t.same([dropped, memory.left()], [['b'], 59]);
  b.hold(1000);
  t.same([dropped, memory.left()], [['b'], 59], 'who had to let go holds nothing more');
  a.leave();
  b.leave();
  c.hold(0);
  t.equal(memory.left(), 100);
  a.hold(101);
  c.hold(101);
  t.same(dropped, ['b', 'c'], 'one that is too large for all goes alone');
});

/** Who is closed may be told so by a reset, which `once` of node:events would take for a failure. */
const closed = (socket: Socket) => new Promise<void>((done) => socket.once('close', () => done()));

t.test('half requests of many connections are bounded together', { timeout: 60_000 }, async (t) => {
  const logger = createHeardLogger();
  const { port } = await withDevBroker(t, null, { logger });
  const client = await withRawClient(t, port);
  const head = Buffer.alloc(4);
  head.writeInt32BE(MAX_FRAME_BYTES);
  const half = Buffer.alloc(40 * 1024 * 1024);
  const dropped: string[] = [];
  const sockets = Array.from({ length: 10 }, (_, i) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', () => dropped.push(`${i}`));
    socket.write(head);
    return socket;
  });
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(
    sockets.map((socket) =>
      Promise.race([new Promise((done) => socket.write(half, done)), closed(socket)]),
    ),
  );
  t.match(await client.ask('ListGroups', {}), { error: 0 }, 'the others are served');
  const most = Math.floor(MAX_HELD_BYTES / half.length);
  t.ok(dropped.length >= sockets.length - most - 1, `${dropped.length} were closed`);
  t.match(
    logger.lines.filter((line) => /closed/.test(line)),
    [/too much is held for all connections together/],
  );
});

t.test('answers that nobody fetches are bounded together', { timeout: 60_000 }, async (t) => {
  const { port } = await withDevBroker(t, t.testdir({}));
  const client = await withRawClient(t, port);
  await client.ask('Metadata', metadataOf('f'));
  for (let i = 0; i < 20; i++) {
    const topics = [{ name: 'f', partitions: [{ partition: 0, batch: makeBatch(1, 1_000_000) }] }];
    await client.ask('Produce', { transactionalId: null, acks: -1, timeout: 0, topics });
  }
  const wanted = { partition: 0, leaderEpoch: -1, offset: 0, start: -1, maxBytes: 2 ** 30 };
  const session = { isolation: 0, sessionId: 0, sessionEpoch: -1, forgotten: [], rack: '' };
  const limits = { replica: -1, maxWait: 0, minBytes: 1, maxBytes: 2 ** 30 };
  const topics = [{ name: 'f', partitions: [wanted] }];
  const request = encodeRequest('Fetch', { ...limits, ...session, topics });
  const before = process.memoryUsage().arrayBuffers;
  const sockets = Array.from({ length: 60 }, () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    return socket;
  });
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (const socket of sockets) socket.write(request);
  await Promise.all(
    sockets.map((socket) => Promise.race([once(socket, 'readable'), closed(socket)])),
  );
  t.match(await client.ask('ListGroups', {}), { error: 0 }, 'the others are served');
  const held = process.memoryUsage().arrayBuffers - before;
  t.ok(held < 1.5 * MAX_HELD_BYTES, `${held} bytes for ${sockets.length} who do not read`);
});

t.test('many small pieces of a request are held as few', async (t) => {
  const pieces = 200_000;
  const frames = createFrames();
  const head = Buffer.alloc(4);
  head.writeInt32BE(pieces + 1);
  frames.push(head);
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
  const before = process.memoryUsage();
  // Each with memory of its own, as they come from a socket.
  for (let i = 0; i < pieces; i++) frames.push(Buffer.alloc(1, i));
  gc();
  const after = process.memoryUsage();
  const held = after.heapUsed + after.external - before.heapUsed - before.external;
  t.ok(held < 100 * pieces, `${held} bytes for ${pieces}`);
  frames.push(Buffer.from([7]));
  const frame = frames.next() as Buffer;
  t.equal(frame.length, pieces + 1);
  t.ok(frame.every((byte, i) => byte === (i === pieces ? 7 : i & 255)));
  t.equal(frames.buffered(), 0);
});

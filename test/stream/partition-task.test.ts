import t, { type Test } from 'tap';
import { sumOf } from '../../server/domain/averages.ts';
import { decodeCheckpoint, decodeStamp } from '../../server/domain/checkpoint.ts';
import { encodeOrder, type Order } from '../../server/domain/order.ts';
import { PermanentError, TransientError } from '../../server/errors.ts';
import type { OrderHandler } from '../../server/stream/order-handler.ts';
import { createPartitionTask } from '../../server/stream/partition-task.ts';
import { createProgress } from '../../server/stream/progress.ts';
import type { TaskDeps } from '../../server/stream/task-run.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { memoryLogs } from '../fixtures/memory-log.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

const logs = {
  group: 'g',
  orders: { topic: 'orders', partition: 0 },
  deadLetters: { topic: 'orders-dlq', partition: 0 },
  checkpoints: { topic: 'g-checkpoints', partition: 0 },
};

function record(order: Order) {
  return { timestamp: 1, key: Buffer.from(order.orderId), value: encodeOrder(order), headers: [] };
}

const order = (orderId: string, price = 10, product = 'Item1') =>
  record({ orderId, product, price });

function world(t: Test) {
  const clock = manualClock();
  const memory = memoryLogs();
  let instances = 0;
  return {
    clock,
    ...memory,
    start(handle: OrderHandler, overrides: Partial<TaskDeps> = {}) {
      const failures: unknown[] = [];
      instances += 1;
      const task = createPartitionTask({
        logs,
        author: { group: 'g', app: 'test', instance: `i${instances}` },
        startedAt: clock.now(),
        generation: () => instances,
        reader: memory.reader,
        writer: memory.writer,
        trim: async (below) => memory.deleteBelow(logs.checkpoints, below),
        handle,
        policy: { maxRetries: 2, backoffMs: 1000, maxBackoffMs: 30_000 },
        limits: { maxPending: 100, maxPendingBytes: 1e6, maxProducts: 100, maxProductBytes: 1e6 },
        checkpointIntervalMs: 100,
        checkpointShare: () => 1,
        clock,
        random: () => 0.5,
        logger: silentLogger,
        progress: createProgress(clock),
        onFailed: (error) => failures.push(error),
        ...overrides,
      });
      t.teardown(() => task.close());
      task.start();
      return { task, failures };
    },
    async checkpoint() {
      const last = (await memory.read(logs.checkpoints)).at(-1);
      if (!last?.value) return null;
      const checkpoint = decodeCheckpoint(last.value);
      const counts = [...checkpoint.averages].map(([product, { count }]) => [product, count]);
      return { ...checkpoint, counts };
    },
  };
}

const always: OrderHandler = () => {};

t.test('orders are counted, and a checkpoint says so', async (t) => {
  const { append, start, clock, checkpoint } = world(t);
  append(logs.orders, [order('a', 10), order('b', 20), order('c', 5, '__proto__')]);
  start(always);
  await clock.advance(1000);
  const { averages, nextOffset, pending } = (await checkpoint())!;
  t.equal(nextOffset, 3);
  t.same(pending, []);
  t.same([...averages.keys()], ['Item1', '__proto__']);
  t.equal(sumOf(averages.get('Item1')!), 300_000n);
});

t.test('a failing order waits for its retry while others flow on', async (t) => {
  const { append, start, clock, checkpoint } = world(t);
  append(logs.orders, [order('bad'), order('good')]);
  const attempts: number[] = [];
  start(({ orderId }, { attempt }) => {
    if (orderId !== 'bad') return;
    attempts.push(attempt);
    if (attempt < 3) throw new TransientError('busy');
  });
  await clock.advance(200);
  t.match(await checkpoint(), { nextOffset: 2, pending: [{ offset: 0, attempts: 1 }] });
  await clock.advance(2000);
  t.same(attempts, [1, 2, 3]);
  t.match(await checkpoint(), { nextOffset: 2, pending: [], retries: 2, deadLettered: 0 });
});

t.test(
  'an order that fails every time is dead-lettered with its bytes, when read back',
  async (t) => {
    const { append, start, clock, checkpoint, read } = world(t);
    const original = { ...order('bad'), headers: [{ key: Buffer.from('x'), value: null }] };
    append(logs.orders, [original]);
    start(() => {
      throw new TransientError('busy');
    });
    await clock.advance(10_000);
    const letters = await read(logs.deadLetters);
    t.equal(letters.length, 1);
    t.same(letters[0]!.value, original.value);
    t.same(letters[0]!.headers[0], original.headers[0]);
    t.match(await checkpoint(), { deadLettered: 1, deadLetterOffset: 1, pending: [], counts: [] });
  },
);

t.test('permanent failures and bytes that are no order are not retried', async (t) => {
  const { append, start, clock, checkpoint, read } = world(t);
  append(logs.orders, [
    order('p'),
    { timestamp: 1, key: null, value: null, headers: [] },
    { timestamp: 1, key: null, value: Buffer.from('junk'), headers: [] },
  ]);
  const calls: string[] = [];
  start(({ orderId }) => {
    calls.push(orderId);
    throw new PermanentError('never');
  });
  await clock.advance(1000);
  t.same(calls, ['p']);
  t.equal((await read(logs.deadLetters)).length, 3);
  t.match(await checkpoint(), { deadLettered: 3, retries: 0 });
});

t.test('a handler may return a promise, and the others flow on', async (t) => {
  const { append, start, clock, checkpoint } = world(t);
  append(logs.orders, [order('slow', 10), order('quick', 20)]);
  let finish = () => {};
  start(({ orderId }) =>
    orderId === 'slow' ? new Promise<void>((resolve) => (finish = resolve)) : undefined,
  );
  await clock.advance(200);
  t.match(await checkpoint(), { nextOffset: 2, pending: [{ offset: 0 }] });
  finish();
  await clock.advance(200);
  t.match(await checkpoint(), { pending: [], counts: [['Item1', 2]] });
});

t.test('a restart goes on from the checkpoint, pending orders included', async (t) => {
  const { append, start, clock, checkpoint } = world(t);
  append(logs.orders, [order('a'), order('late'), order('b')]);
  const failLate: OrderHandler = ({ orderId }) => {
    if (orderId === 'late') throw new TransientError('busy');
  };
  const first = start(failLate);
  await clock.advance(200);
  await first.task.close();
  const seen: string[] = [];
  start(({ orderId }) => {
    seen.push(orderId);
  });
  await clock.advance(5000);
  t.same(seen, ['late']);
  t.match(await checkpoint(), {
    nextOffset: 3,
    pending: [],
    averages: new Map([['Item1', { count: 3, low: 300_000 }]]),
  });
});

t.test('without a checkpoint the dead letters that are there are not sent again', async (t) => {
  const { append, start, clock, checkpoint, read, deleteBelow } = world(t);
  append(logs.orders, [order('a'), { timestamp: 1, key: null, value: null, headers: [] }]);
  const first = start(always);
  await clock.advance(1000);
  await first.task.close();
  const all = await read(logs.checkpoints);
  deleteBelow(logs.checkpoints, all.at(-1)!.offset + 1);
  start(always);
  await clock.advance(1000);
  t.equal((await read(logs.deadLetters)).length, 1);
  t.match(await checkpoint(), { nextOffset: 2, deadLettered: 1, counts: [['Item1', 1]] });
});

t.test('an order counted here that another owner gave up is taken back, once', async (t) => {
  const orders = [order('a', 10), order('b', 30)];
  const elsewhere = world(t);
  elsewhere.append(logs.orders, orders);
  elsewhere.start(({ orderId }) => {
    if (orderId === 'b') throw new PermanentError('never');
  });
  await elsewhere.clock.advance(1000);
  const letters = await elsewhere.read(logs.deadLetters);
  t.equal(letters.length, 1);

  const { append, start, clock, checkpoint } = world(t);
  append(logs.orders, orders);
  start(always);
  await clock.advance(1000);
  t.match(await checkpoint(), { counts: [['Item1', 2]] });
  append(logs.deadLetters, letters);
  await clock.advance(1000);
  t.match(await checkpoint(), { corrections: 1, deadLettered: 1, counts: [['Item1', 1]] });
  append(logs.deadLetters, letters);
  await clock.advance(1000);
  t.match(await checkpoint(), { corrections: 1, deadLettered: 1, deadLetterOffset: 2 });
});

t.test('orders that retention took are lost and counted as such', async (t) => {
  const { append, start, clock, checkpoint, deleteBelow } = world(t);
  append(logs.orders, [order('a')]);
  const first = start(always);
  await clock.advance(200);
  await first.task.close();
  append(logs.orders, [order('b')]);
  append(logs.orders, [order('c')]);
  deleteBelow(logs.orders, 2);
  start(always);
  await clock.advance(200);
  t.match(await checkpoint(), {
    nextOffset: 3,
    lost: [{ from: 1, to: 2 }],
    counts: [['Item1', 2]],
  });
});

t.test('a topic that was recreated stops the task with words', async (t) => {
  const { append, start, clock } = world(t);
  append(logs.orders, [order('a'), order('b')]);
  const first = start(always);
  await clock.advance(200);
  await first.task.close();
  const { failures, task } = start(always, {
    logs: { ...logs, orders: { topic: 'orders', partition: 9 } },
  });
  await clock.advance(200);
  t.match(failures, [{ code: 'INCONSISTENT_STATE' }]);
  t.equal(task.state, 'CLOSED');
});

t.test('a programmer error stops the task at its order, and nothing is lost', async (t) => {
  const { append, start, clock, checkpoint } = world(t);
  append(logs.orders, [order('a'), order('b'), order('c')]);
  const { failures, task } = start(({ orderId }) => {
    if (orderId === 'b') throw new TypeError('x is undefined');
  });
  await clock.advance(1000);
  t.match(failures, [{ name: 'TypeError' }]);
  t.equal(task.state, 'CLOSED');
  t.match(await checkpoint(), { nextOffset: 1, pending: [] });
});

t.test('a product too many becomes a dead letter, the rest flows on', async (t) => {
  const { append, start, clock, checkpoint, read } = world(t);
  const names = ['a', 'b', 'c', 'a', 'd', 'b'];
  append(
    logs.orders,
    names.map((product, i) => order(`o${i}`, 1, product)),
  );
  start(always, {
    limits: { maxPending: 9, maxPendingBytes: 1e6, maxProducts: 2, maxProductBytes: 1e6 },
  });
  await clock.advance(1000);
  t.match(await checkpoint(), {
    nextOffset: 6,
    deadLettered: 2,
    counts: [
      ['a', 2],
      ['b', 2],
    ],
  });
  const reasons = (await read(logs.deadLetters)).map(({ headers }) => String(headers[0]!.value));
  t.match(reasons, [/^PRODUCT_LIMIT/, /^PRODUCT_LIMIT/]);
});

t.test('when too many orders wait the partition waits, and nothing is dropped', async (t) => {
  const { append, start, clock, checkpoint } = world(t);
  append(
    logs.orders,
    Array.from({ length: 20 }, (_, i) => order(`o${i}`)),
  );
  start(
    (_order, { attempt }) => {
      if (attempt === 1) throw new TransientError('busy');
    },
    { limits: { maxPending: 5, maxPendingBytes: 1e6, maxProducts: 9, maxProductBytes: 1e6 } },
  );
  await clock.advance(200);
  t.match(await checkpoint(), { nextOffset: 5 });
  await clock.advance(10_000);
  t.match(await checkpoint(), { nextOffset: 20, pending: [], counts: [['Item1', 20]] });
});

t.test('a gap without records is counted as a gap', async (t) => {
  const { append, leaveOut, start, clock, checkpoint } = world(t);
  append(logs.orders, [order('a')]);
  leaveOut(logs.orders, 5);
  append(logs.orders, [order('b')]);
  start(always);
  await clock.advance(200);
  t.match(await checkpoint(), { nextOffset: 7, gaps: 5, counts: [['Item1', 2]] });
});

t.test('a task trims what stands below its own checkpoint, if that is the head', async (t) => {
  const { append, start, clock, read } = world(t);
  const { task } = start(always);
  append(logs.orders, [order('a')]);
  await clock.advance(200);
  append(logs.orders, [order('b')]);
  await clock.advance(200);
  const [first, ...rest] = await read(logs.checkpoints);
  const stampOf = ({ value }: { value: Buffer | null }) => decodeStamp(value!);
  for (const own of rest) task.readBack(own.offset, stampOf(own), false);
  await task.trim();
  t.match(await read(logs.checkpoints), [first, ...rest]);
  for (const own of rest) task.readBack(own.offset, stampOf(own), true);
  await task.trim();
  t.same(await read(logs.checkpoints), rest.slice(-1));
});

t.test('a head that is trimmed away during a restore is looked for again', async (t) => {
  const { append, start, clock, checkpoint, reader, deleteBelow, read } = world(t);
  append(logs.orders, [order('a')]);
  const first = start(always);
  await clock.advance(200);
  await first.task.close();
  const [last] = (await read(logs.checkpoints)).slice(-1);
  const seen: string[] = [];
  let trimmed = false;
  start(
    ({ orderId }) => {
      seen.push(orderId);
    },
    {
      reader: {
        ...reader,
        follow(tp, from, follower) {
          if (tp === logs.checkpoints && !trimmed) {
            trimmed = true;
            append(logs.checkpoints, [last!]);
            deleteBelow(logs.checkpoints, last!.offset + 1);
          }
          return reader.follow(tp, from, follower);
        },
      },
    },
  );
  append(logs.orders, [order('b')]);
  await clock.advance(200);
  t.same(seen, ['b']);
  t.match(await checkpoint(), { nextOffset: 2, counts: [['Item1', 2]] });
});

t.test('a task that reads a checkpoint of a later generation closes itself', async (t) => {
  const { start, clock } = world(t);
  const { task, failures } = start(always);
  await clock.advance(100);
  const stamp = {
    version: 1,
    group: 'g',
    nextOffset: 0,
    deadLetterOffset: 0,
    ownerStartedAt: 0,
    owner: 'other',
    pendingCount: 0,
  };
  task.readBack(1, { ...stamp, generation: 1 }, false);
  t.equal(task.state, 'RUNNING');
  task.readBack(2, { ...stamp, generation: 2 }, true);
  t.equal(task.state, 'CLOSED');
  t.same(failures, []);
});

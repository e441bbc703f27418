import t from 'tap';
import { PermanentError, TransientError } from '../../server/errors.ts';
import { decodeStamp } from '../../server/log/checkpoint-stamp.ts';
import { sumOf } from '../../server/orders/averages.ts';
import { createOrderFold } from '../../server/orders/order-fold.ts';
import type { OrderHandler } from '../../server/orders/order-handler.ts';
import { logs, order, taskWorld } from '../fixtures/task-world.ts';

const always: OrderHandler = () => {};

t.test('orders are counted, and a checkpoint says so', async (t) => {
  const { append, start, clock, checkpoint } = taskWorld(t);
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
  const { append, start, clock, checkpoint } = taskWorld(t);
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
    const { append, start, clock, checkpoint, read } = taskWorld(t);
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
  const { append, start, clock, checkpoint, read } = taskWorld(t);
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
  const { append, start, clock, checkpoint } = taskWorld(t);
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
  const { append, start, clock, checkpoint } = taskWorld(t);
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
  const { append, start, clock, checkpoint, read, deleteBelow } = taskWorld(t);
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
  const elsewhere = taskWorld(t);
  elsewhere.append(logs.orders, orders);
  elsewhere.start(({ orderId }) => {
    if (orderId === 'b') throw new PermanentError('never');
  });
  await elsewhere.clock.advance(1000);
  const letters = await elsewhere.read(logs.deadLetters);
  t.equal(letters.length, 1);

  const { append, start, clock, checkpoint } = taskWorld(t);
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
  const { append, start, clock, checkpoint, deleteBelow } = taskWorld(t);
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
  const { append, start, clock } = taskWorld(t);
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
  const { append, start, clock, checkpoint } = taskWorld(t);
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
  const { append, start, clock, checkpoint, read } = taskWorld(t);
  const names = ['a', 'b', 'c', 'a', 'd', 'b'];
  append(
    logs.orders,
    names.map((product, i) => order(`o${i}`, 1, product)),
  );
  start(always, {
    fold: createOrderFold({ maxProducts: 2, maxBytes: 1e6 }),
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
  const { append, start, clock, checkpoint } = taskWorld(t);
  append(
    logs.orders,
    Array.from({ length: 20 }, (_, i) => order(`o${i}`)),
  );
  start(
    (_order, { attempt }) => {
      if (attempt === 1) throw new TransientError('busy');
    },
    { limits: { maxPending: 5, maxPendingBytes: 1e6, concurrency: 64, timeoutMs: 1000 } },
  );
  await clock.advance(200);
  t.match(await checkpoint(), { nextOffset: 5 });
  await clock.advance(10_000);
  t.match(await checkpoint(), { nextOffset: 20, pending: [], counts: [['Item1', 20]] });
});

t.test('a gap without records is counted as a gap', async (t) => {
  const { append, leaveOut, start, clock, checkpoint } = taskWorld(t);
  append(logs.orders, [order('a')]);
  leaveOut(logs.orders, 5);
  append(logs.orders, [order('b')]);
  start(always);
  await clock.advance(200);
  t.match(await checkpoint(), { nextOffset: 7, gaps: 5, counts: [['Item1', 2]] });
});

t.test('a task trims what stands below its own checkpoint, if that is the head', async (t) => {
  const { append, start, clock, read } = taskWorld(t);
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
  const { append, start, clock, checkpoint, reader, deleteBelow, read } = taskWorld(t);
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
  const { start, clock } = taskWorld(t);
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
    base: -1,
  };
  task.readBack(1, { ...stamp, generation: 1 }, false);
  t.equal(task.state, 'RUNNING');
  task.readBack(2, { ...stamp, generation: 2 }, true);
  t.equal(task.state, 'CLOSED');
  t.same(failures, []);
});

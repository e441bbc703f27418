import t, { type Test } from 'tap';
import { PermanentError, TransientError } from '../../server/errors.ts';
import { createProgress } from '../../server/log/progress.ts';
import type { OrderHandler } from '../../server/orders/order-handler.ts';
import { watchReader } from '../../server/task/watched.ts';
import { commandWorld } from '../fixtures/commands.ts';
import type { OrderTaskDeps } from '../fixtures/orders.ts';
import { logs, order, taskWorld } from '../fixtures/task-world.ts';

const breaker = { ratio: 0.5, windowMs: 60_000, min: 10 };

function pausable(t: Test) {
  const world = taskWorld(t);
  const commands = commandWorld(t, { clock: world.clock, memory: world });
  return {
    ...world,
    commands,
    startOne(handle: OrderHandler, overrides: Partial<OrderTaskDeps> = {}) {
      return world.start(handle, { commands: commands.follow().forTask(breaker), ...overrides });
    },
  };
}

const orders = (count: number, name = 'o') =>
  Array.from({ length: count }, (_, i) => order(`${name}${i}`));

t.test('a paused partition takes no orders, and goes on where it stood', async (t) => {
  const { startOne, append, clock, commands, checkpoint } = pausable(t);
  append(logs.orders, orders(3));
  const { task, failures } = startOne(() => {});
  await clock.advance(200);
  t.match(await checkpoint(), { nextOffset: 3 });
  commands.write({ kind: 'pause', breaker: false });
  await clock.advance(200);
  append(logs.orders, orders(4));
  await clock.advance(1000);
  t.equal(task.state, 'RUNNING');
  t.equal(task.nextOffset, 3);
  commands.write({ kind: 'resume' });
  await clock.advance(1000);
  t.match(await checkpoint(), { nextOffset: 7, counts: [['Item1', 7]] });
  t.same(failures, []);
});

t.test('a partition that was paused before a restart is paused after it', async (t) => {
  const { startOne, append, clock, commands } = pausable(t);
  append(logs.orders, orders(3));
  commands.write({ kind: 'pause', breaker: false });
  const { task } = startOne(() => {});
  await clock.advance(1000);
  t.equal(task.state, 'RUNNING');
  t.equal(task.nextOffset, 0);
});

t.test('a set that was read is not taken to its end once the pause has come', async (t) => {
  const { startOne, append, clock, commands } = pausable(t);
  append(logs.orders, orders(20));
  const waiting: (() => void)[] = [];
  const { task } = startOne(() => new Promise<void>((resolve) => waiting.push(resolve)), {
    limits: { maxPending: 100, maxPendingBytes: 1e6, concurrency: 4, timeoutMs: 30_000 },
  });
  await clock.advance(200);
  t.equal(task.nextOffset, 4, 'as many as calls may be under way');
  commands.write({ kind: 'pause', breaker: false });
  await clock.advance(100);
  for (const resolve of waiting.splice(0)) resolve();
  await clock.advance(1000);
  t.equal(task.nextOffset, 4);
  commands.write({ kind: 'resume' });
  for (let i = 0; i < 5; i += 1) {
    await clock.advance(100);
    for (const resolve of waiting.splice(0)) resolve();
  }
  await clock.advance(100);
  t.equal(task.nextOffset, 20);
});

t.test('retries that are due go on while the partition is paused', async (t) => {
  const { startOne, append, clock, commands, checkpoint } = pausable(t);
  append(logs.orders, [order('a')]);
  startOne((_order, { attempt }) => {
    if (attempt < 3) throw new TransientError('busy');
  });
  await clock.advance(200);
  t.match(await checkpoint(), { pending: [{ offset: 0, attempts: 1 }] });
  commands.write({ kind: 'pause', breaker: false });
  await clock.advance(10_000);
  t.match(await checkpoint(), { pending: [], counts: [['Item1', 1]] });
});

t.test('what fails for good while paused waits, and is tried again afterwards', async (t) => {
  const { startOne, append, clock, commands, checkpoint, read } = pausable(t);
  append(logs.orders, [order('a'), { ...order('b'), value: Buffer.from([1]) }]);
  let broken = true;
  const handle: OrderHandler = () => {
    if (broken) throw new TransientError('busy');
  };
  const { task } = startOne(handle);
  await clock.advance(200);
  commands.write({ kind: 'pause', breaker: false });
  await clock.advance(60_000);
  t.match(await checkpoint(), { pending: [{ offset: 0, attempts: 2, givenUp: null }] });
  t.equal((await read(logs.deadLetters)).length, 1, 'only what failed before the pause');
  await task.close({ lastCheckpoint: true });
  startOne(handle);
  await clock.advance(60_000);
  t.match(await checkpoint(), { pending: [{ offset: 0 }] }, 'after a restart too');
  broken = false;
  commands.write({ kind: 'resume' });
  await clock.advance(10_000);
  t.match(await checkpoint(), { pending: [], counts: [['Item1', 1]], deadLettered: 1 });
});

t.test('an idle paused partition does not count as stalled', async (t) => {
  const { startOne, append, clock, commands, reader } = pausable(t);
  const progress = createProgress(clock);
  append(logs.orders, orders(3));
  startOne(() => {}, { progress, reader: watchReader(reader, progress) });
  await clock.advance(200);
  commands.write({ kind: 'pause', breaker: false });
  await clock.advance(3_600_000);
  const stalled = progress.stalls(5000).filter(({ tp }) => tp.topic === logs.orders.topic);
  t.same(stalled, []);
});

t.test(
  'a flood of failures pauses the partition before more dead letters are written',
  async (t) => {
    const { startOne, append, clock, commands, checkpoint, read } = pausable(t);
    append(logs.orders, orders(1000));
    let broken = true;
    let calls = 0;
    const handle: OrderHandler = () => {
      calls += 1;
      // Nine of ten.
      if (broken && calls % 10 > 0) throw new PermanentError('no such account');
    };
    const { task, failures } = startOne(handle);
    await clock.advance(1000);
    t.equal((await read(logs.deadLetters)).length, 9, 'fewer than the breaker needs to judge by');
    t.match(await checkpoint(), { nextOffset: 11, deadLettered: 9, pending: [{ offset: 10 }] });
    t.match(await commands.read(), [
      {
        kind: 'pause',
        breaker: true,
        by: 'test',
        why: '10 of 11 orders failed for good within 0 s',
      },
    ]);

    await task.close({ lastCheckpoint: true });
    startOne(handle);
    await clock.advance(600_000);
    t.equal((await read(logs.deadLetters)).length, 9, 'a restart does not begin anew');

    broken = false;
    commands.write({ kind: 'resume' });
    await clock.advance(10_000);
    t.match(await checkpoint(), {
      nextOffset: 1000,
      pending: [],
      deadLettered: 9,
      counts: [['Item1', 991]],
    });
    t.same(failures, []);
  },
);

t.test('after a resume the breaker judges anew', async (t) => {
  const { startOne, append, clock, commands, read } = pausable(t);
  append(logs.orders, orders(100));
  startOne(() => {
    throw new PermanentError('no such account');
  });
  await clock.advance(1000);
  t.equal((await read(logs.deadLetters)).length, 9);
  commands.write({ kind: 'resume' });
  await clock.advance(1000);
  t.equal((await read(logs.deadLetters)).length, 18);
  t.match(await commands.read(), [{ kind: 'pause' }, { kind: 'resume' }, { kind: 'pause' }]);
});

t.test('an hour of traffic in which every tenth attempt fails pauses nothing', async (t) => {
  const { start, append, clock, commands, checkpoint, deleteBelow } = pausable(t);
  const defaults = { ratio: 0.5, windowMs: 60_000, min: 100 };
  let random = 7;
  const handle: OrderHandler = () => {
    random = (random * 48_271) % 2_147_483_647;
    if (random % 10 === 0) throw new TransientError('busy');
  };
  const { failures } = start(handle, {
    commands: commands.follow().forTask(defaults),
    checkpointIntervalMs: 60_000,
  });
  for (let second = 0; second < 3600; second += 3) {
    append(logs.orders, orders(12, `${second}-`));
    await clock.advance(3000);
    // Memory keeps what is read again and again.
    deleteBelow(logs.orders, 4 * (second - 600));
  }
  await clock.advance(120_000);
  t.same(await commands.read(), []);
  t.match(await checkpoint(), { nextOffset: 14_400, pending: [], lost: [] });
  t.same(failures, []);
});

t.test('nothing more is given up while the pause cannot be written', async (t) => {
  const world = pausable(t);
  const { startOne, append, clock, read, writer } = world;
  append(logs.orders, orders(100));
  let refuses = true;
  const { task } = startOne(
    () => {
      throw new PermanentError('no such account');
    },
    {
      writer: {
        append: (tp, ...rest) =>
          refuses && tp.topic === 'g-commands'
            ? Promise.reject(new TransientError('no leader'))
            : writer.append(tp, ...rest),
      },
    },
  );
  await clock.advance(60_000);
  t.equal((await read(logs.deadLetters)).length, 9);
  t.equal(task.nextOffset, 10);
  refuses = false;
  await clock.advance(60_000);
  t.match(await world.commands.read(), [{ kind: 'pause', breaker: true }]);
  t.equal(task.nextOffset, 10);
});

t.test('bytes that are no orders trip the breaker as failing handlers do', async (t) => {
  const { startOne, append, clock, read } = pausable(t);
  append(
    logs.orders,
    Array.from({ length: 100 }, () => ({ ...order('x'), value: Buffer.from([1, 2]) })),
  );
  const { task } = startOne(() => {});
  await clock.advance(1000);
  t.equal((await read(logs.deadLetters)).length, 9);
  t.equal(task.nextOffset, 10);
});

t.test('a task whose commands cannot be read does not begin', async (t) => {
  const { start, clock, append, commands } = pausable(t);
  append(logs.orders, orders(3));
  const forTask = commands.follow().forTask();
  const log = { ...forTask.log, caughtUp: () => Promise.reject(new Error('damaged')) };
  const { task, failures } = start(() => {}, { commands: { ...forTask, log } });
  await clock.advance(1000);
  t.equal(task.state, 'CLOSED');
  t.match(failures, [{ message: 'damaged' }]);
});

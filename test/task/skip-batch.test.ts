import t, { type Test } from 'tap';
import { TransientError } from '../../server/errors.ts';
import { encodeCheckpoint } from '../../server/log/checkpoint.ts';
import { decodeStamp } from '../../server/log/checkpoint-stamp.ts';
import { nameOf, type TopicPartition } from '../../server/log/ports.ts';
import { sumOf } from '../../server/orders/averages.ts';
import type { OrderHandler } from '../../server/orders/order-handler.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { planSkip } from '../../server/task/skip-batch.ts';
import { createTasks } from '../../server/task/tasks.ts';
import { orderFold } from '../fixtures/orders.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { orderRecord, taskLogs, taskWorld } from '../fixtures/task.ts';

type World = ReturnType<typeof taskWorld>;

/** A batch of so many orders of which one byte is not what was written. */
function damaged(count: number, at = 70): Buffer {
  const records = Array.from({ length: count }, (_, n) => orderRecord(`damaged-${n}`));
  const bytes = encodeBatch(records);
  bytes[at]! ^= 1;
  return bytes;
}

const busy: OrderHandler = ({ orderId }) => {
  if (orderId.startsWith('waiting')) throw new TransientError('busy');
};

/** Offsets 0 to 1 good (the first waits), 2 to 4 damaged, 5 to 6 good (the first waits). */
async function stopped(t: Test, batch = damaged(3)): Promise<World> {
  const world = taskWorld(t);
  const { memory, createTask, clock } = world;
  memory.append(taskLogs.orders, [orderRecord('waiting-0'), orderRecord('good-1')]);
  memory.appendBatch(taskLogs.orders, batch);
  memory.append(taskLogs.orders, [orderRecord('waiting-5'), orderRecord('good-6')]);
  const { task, failures } = createTask({ handle: busy });
  task.start();
  await clock.advance(500);
  t.match(failures, [{ name: 'DamagedBatch', baseOffset: 2 }]);
  t.match(await world.checkpoint(), { nextOffset: 2, pending: [{ offset: 0 }] });
  return world;
}

const plan = ({ memory, clock }: World, offset: number, to: number | null = null) =>
  planSkip(
    { logs: taskLogs, fold: orderFold, reader: memory.reader, clock, logger: silentLogger },
    { offset, to, owner: 'the test' },
  );

function write({ memory, clock }: World, { checkpoint }: Awaited<ReturnType<typeof planSkip>>) {
  const value = encodeCheckpoint(checkpoint);
  const record = { timestamp: clock.now(), key: null, value, headers: [] };
  return { offset: memory.append(taskLogs.checkpoints, [record]), stamp: decodeStamp(value) };
}

t.test(
  'skipping loses exactly the offsets of the damaged batch, and nothing that waits',
  async (t) => {
    const world = await stopped(t);
    const before = await world.checkpoint();
    const skip = await plan(world, 2);
    t.match(skip, { from: 2, to: 5, waiting: 1, damage: /damaged record batch at offset 2: CRC/ });
    t.match(skip.checkpoint, { owner: 'the test', nextOffset: 5, lost: [{ from: 2, to: 5 }] });
    t.same(skip.checkpoint.pending, before.pending, 'as they were, due when they were');
    t.same(await world.checkpoint(), before, 'nothing was written');
  },
);

t.test(
  'a task that starts behind the skipped batch reads around it, again and again',
  async (t) => {
    const world = await stopped(t);
    write(world, await plan(world, 2));
    const { createTask, clock } = world;
    const second = createTask({ handle: busy });
    second.task.start();
    await clock.advance(300);
    await second.task.close({ lastCheckpoint: true });
    t.match((await world.checkpoint()).pending, [{ offset: 0 }, { offset: 5 }]);
    const third = createTask();
    third.task.start();
    await clock.advance(60_000);
    t.same([...second.failures, ...third.failures], []);
    const { nextOffset, lost, pending, gaps, averages } = await world.checkpoint();
    t.same(
      { nextOffset, lost, pending, gaps },
      { nextOffset: 7, lost: [{ from: 2, to: 5, count: 3 }], pending: [], gaps: 0 },
    );
    t.equal(sumOf(averages.get('Item1')!), 400_000n);
  },
);

t.test('a dead letter for the skipped order does not bring the damaged batch back', async (t) => {
  const world = await stopped(t, damaged(1));
  write(world, await plan(world, 2));
  const { createTask, clock, memory } = world;
  const second = createTask({ handle: busy });
  second.task.start();
  await clock.advance(300);
  const headers = Object.entries({ ...taskLogs.orders, group: 'g', offset: 2 }).map(
    ([name, value]) => ({
      key: Buffer.from(`orders.errors.${name}`),
      value: Buffer.from(`${value}`),
    }),
  );
  memory.append(taskLogs.deadLetters, [{ ...orderRecord('damaged-0'), headers }]);
  await clock.advance(300);
  await second.task.close({ lastCheckpoint: true });
  t.match(await world.checkpoint(), { lost: [], pending: [{ offset: 0 }, { offset: 3 }] });
  const third = createTask();
  third.task.start();
  await clock.advance(60_000);
  t.same([...second.failures, ...third.failures], []);
  t.match(await world.checkpoint(), { nextOffset: 5, deadLettered: 1, pending: [] });
});

t.test('a restart before the skip stops there again, and loses nothing that waits', async (t) => {
  const world = await stopped(t);
  const again = world.createTask({ handle: busy });
  again.task.start();
  await world.clock.advance(500);
  t.match(again.failures, [{ name: 'DamagedBatch', baseOffset: 2 }]);
  t.match(await world.checkpoint(), { nextOffset: 2, pending: [{ offset: 0 }], lost: [] });
});

t.test('the running service goes on from there by itself', async (t) => {
  const world = await stopped(t);
  const tasks = createTasks({
    onTrim: () => {},
    clock: world.clock,
    logger: silentLogger,
    createTask: (_partition, onFailed) => world.createTask({ onFailed }).task,
  });
  t.teardown(() => tasks.close());
  tasks.assign([0]);
  await world.clock.advance(500);
  t.match(tasks.status().failures, [{ partition: 0, reason: /damaged record batch/ }]);
  const own = decodeStamp((await world.memory.read(taskLogs.checkpoints)).at(-1)!.value!);
  tasks.readBack(0, 1, own, true);
  t.equal(tasks.status().failures.length, 1, 'what it wrote itself changes nothing');
  const { offset, stamp } = write(world, await plan(world, 2));
  tasks.readBack(0, offset, stamp, true);
  await world.clock.advance(500);
  t.match(tasks.status(), { restoring: [], failures: [], fenced: [], waiting: [{ partition: 0 }] });
  t.equal(tasks.positions().get(0), 7);
});

t.test('only a damaged batch at which the partition stands is skipped', async (t) => {
  const world = await stopped(t);
  await t.rejects(plan(world, 1), /stands at offset 2, before the damaged batch at 2: not at 1/);
  await t.rejects(plan(world, 5), /not at 5/);
  write(world, await plan(world, 2));
  await t.rejects(plan(world, 2), /can be read at offset 5: nothing is damaged/);
  await t.rejects(plan(world, 5), /can be read at offset 5/);
  const { task } = world.createTask();
  task.start();
  await world.clock.advance(500);
  await t.rejects(plan(world, 7), /ends at 7: nothing is left to skip/);
});

t.test('a header that lies about its end is not believed', async (t) => {
  for (const lie of [0x7fffffff, 3, -5, -(2 ** 31)]) {
    const world = await stopped(t);
    const reader = {
      ...world.memory.reader,
      follow: (...args: Parameters<typeof world.memory.reader.follow>) => {
        const [tp, from, follower] = args;
        return world.memory.reader.follow(tp, from, {
          ...follower,
          records(set) {
            const bytes = Buffer.from(set.bytes);
            if (tp.topic === 'orders' && bytes.length > 61 && bytes.readBigInt64BE(0) === 2n) {
              bytes.writeInt32BE(lie, 23);
            }
            return follower.records({ ...set, bytes });
          },
        });
      },
    };
    const deps = {
      logs: taskLogs,
      fold: orderFold,
      reader,
      clock: world.clock,
      logger: silentLogger,
    };
    const request = { offset: 2, to: null, owner: 'the test' };
    await t.rejects(planSkip(deps, request), /cannot be; say with --to/, `+${lie}`);
    t.match(await planSkip(deps, { ...request, to: 5 }), { from: 2, to: 5 });
    await t.rejects(
      planSkip(deps, { ...request, to: 6 }),
      /cannot be/,
      'nor a person who is wrong',
    );
  }
});

t.test('a batch that is no batch can be skipped by saying where it ends', async (t) => {
  const world = await stopped(t, damaged(3, 16));
  await t.rejects(plan(world, 2), /say with --to/);
  t.match(await plan(world, 2, 5), { from: 2, to: 5, damage: /format version 3/ });
});

/** The first words of it; `nameOf` has brackets. */
const damagedIn = (tp: TopicPartition) =>
  new RegExp(`^damaged record batch at offset 0 of ${nameOf(tp).replace(/[[\]]/g, '\\$&')}: CRC`);

t.test('damage beside the orders says in which log it is', async (t) => {
  for (const log of ['deadLetters', 'checkpoints'] as const) {
    const world = taskWorld(t);
    const { memory, createTask, clock } = world;
    const words = damagedIn(taskLogs[log]);
    memory.appendBatch(taskLogs[log], damaged(1));
    const { task, failures } = createTask();
    task.start();
    await clock.advance(500);
    t.match(failures, [{ name: 'DamagedBatch', message: words }], log);
    await t.rejects(plan(world, 0), { message: words }, 'nor is it taken for damage in the orders');
  }
});

t.test('a running task says that its dead letters are damaged', async (t) => {
  const { memory, createTask, clock } = taskWorld(t);
  const { task, failures } = createTask();
  task.start();
  await clock.advance(500);
  memory.appendBatch(taskLogs.deadLetters, damaged(1));
  await clock.advance(500);
  t.match(failures, [{ name: 'DamagedBatch', message: damagedIn(taskLogs.deadLetters) }]);
});

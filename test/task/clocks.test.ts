import t from 'tap';
import { TransientError } from '../../server/errors.ts';
import type { OrderHandler } from '../../server/orders/order-handler.ts';
import { logs, order, taskWorld } from '../fixtures/task-world.ts';

const HOUR_MS = 3_600_000;
const fails: OrderHandler = () => {
  throw new TransientError('busy');
};

for (const hours of [-1, 2]) {
  t.test(`retries come in time when the wall clock is set by ${hours} h`, async (t) => {
    const { append, start, clock, read } = taskWorld(t);
    append(logs.orders, [order('a')]);
    start(fails);
    await clock.advance(100);
    clock.set(hours * HOUR_MS);
    await clock.advance(10_000);
    t.equal((await read(logs.deadLetters)).length, 1);
  });

  t.test(`a restored order waits no longer when the wall clock is set by ${hours} h`, async (t) => {
    const { append, start, clock, read, checkpoint } = taskWorld(t);
    append(logs.orders, [order('a')]);
    const first = start(fails);
    await clock.advance(100);
    clock.set(-hours * HOUR_MS);
    append(logs.orders, [order('b')]);
    await clock.advance(100);
    await first.task.close({ lastCheckpoint: true });
    for (const { dueIn } of (await checkpoint())!.pending) t.ok(dueIn >= 0 && dueIn <= 1000);
    clock.set(hours * HOUR_MS);
    start(fails);
    await clock.advance(10_000);
    t.equal((await read(logs.deadLetters)).length, 2);
  });
}

t.test('a task is not closed by a checkpoint of an owner whose clock is ahead', async (t) => {
  const { start, clock } = taskWorld(t);
  const { task } = start(() => {});
  await clock.advance(100);
  const stamp = {
    version: 2,
    group: 'g',
    nextOffset: 0,
    deadLetterOffset: 0,
    generation: 1,
    ownerStartedAt: clock.now() + HOUR_MS,
    owner: 'other',
    pendingCount: 0,
    base: -1,
  };
  task.readBack(1, stamp, true);
  t.equal(task.state, 'RUNNING');
  task.readBack(2, { ...stamp, generation: 2, ownerStartedAt: 0 }, true);
  t.equal(task.state, 'CLOSED');
});

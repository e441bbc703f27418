import t, { type Test } from 'tap';
import type { OrderHandler } from '../../server/orders/order-handler.ts';
import { shareTopicIds } from '../../server/task/identity.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { memoryLogs } from '../fixtures/memory-log.ts';
import { logs, order, taskWorld } from '../fixtures/task-world.ts';

const always: OrderHandler = () => {};
const orders = (count: number) => Array.from({ length: count }, (_, n) => order(`o${n}`));
const stranger = { timestamp: 1, key: null, value: Buffer.from('x'), headers: [] };
const stopped = { code: 'INCONSISTENT_STATE', message: /recreated/ };

/** Three orders are counted and one dead letter is read, and the instance stops in good order. */
async function counted(t: Test, { ids }: { ids: boolean }) {
  const world = taskWorld(t);
  if (!ids) world.forgetIds();
  world.append(logs.orders, orders(3));
  world.append(logs.deadLetters, [stranger]);
  const { task } = world.start(always);
  await world.clock.advance(1000);
  await task.close({ lastCheckpoint: true });
  t.match(await world.checkpoint(), { nextOffset: 3, deadLetterOffset: 1 });
  return world;
}

for (const ids of [true, false]) {
  const how = ids ? 'its id' : 'a record of it, where there are no ids';

  t.test(`a topic that was refilled while nobody ran is known by ${how}`, async (t) => {
    for (const tp of [logs.orders, logs.deadLetters]) {
      const { recreate, append, start, clock, checkpoint } = await counted(t, { ids });
      const before = await checkpoint();
      recreate(tp.topic);
      append(
        tp,
        tp === logs.orders ? orders(9).reverse() : [{ ...stranger, timestamp: 2 }, stranger],
      );
      const { failures, task } = start(() => void t.fail('no order may be handled'));
      await clock.advance(1000);
      t.match(failures, [stopped]);
      t.equal(task.state, 'CLOSED');
      t.same(await checkpoint(), before);
    }
  });

  t.test(`a topic that is still the same is gone on with, by ${how}`, async (t) => {
    const { append, start, clock, checkpoint } = await counted(t, { ids });
    append(logs.orders, orders(2));
    const { failures } = start(always);
    await clock.advance(1000);
    t.same(failures, []);
    t.match(await checkpoint(), { nextOffset: 5 });
  });
}

t.test('a record that retention took says nothing of its topic', async (t) => {
  const { append, deleteBelow, start, clock, checkpoint } = await counted(t, { ids: false });
  append(logs.orders, orders(2));
  deleteBelow(logs.orders, 3);
  const { failures } = start(always);
  await clock.advance(1000);
  t.same(failures, []);
  t.match(await checkpoint(), { nextOffset: 5, lost: [] });
});

t.test('ids are taken over when the broker begins to give some', async (t) => {
  const { append, start, clock, checkpoint, reader, forgetIds } = await counted(t, { ids: true });
  forgetIds();
  append(logs.orders, orders(1));
  const ids = { ...reader, topicId: async (topic: string) => `the id of ${topic}` };
  const first = start(always, { reader: { ...reader, topicId: async () => null } });
  await clock.advance(1000);
  await first.task.close({ lastCheckpoint: true });
  const { topicId } = (await checkpoint())!;
  t.ok(topicId, 'the id is not forgotten when none is given for a while');
  const { failures } = start(always, { reader: ids });
  await clock.advance(1000);
  t.match(failures, [stopped], 'and another one is noticed then');
});

t.test(
  'a topic refilled under a running task is noticed before a checkpoint is written',
  async (t) => {
    for (const tp of [logs.orders, logs.deadLetters]) {
      const { append, start, clock, checkpoint, recreate } = taskWorld(t);
      append(logs.orders, orders(3));
      const { failures, task } = start(always);
      await clock.advance(1000);
      const before = await checkpoint();
      recreate(tp.topic);
      append(tp, tp === logs.orders ? orders(9) : [stranger, stranger]);
      await clock.advance(1000);
      t.match(failures, [stopped]);
      t.equal(task.state, 'CLOSED');
      t.same(await checkpoint(), before);
    }
  },
);

t.test('without ids it is noticed by a record that is another one', async (t) => {
  const { append, start, clock, forgetIds, recreate } = taskWorld(t);
  forgetIds();
  append(logs.orders, orders(3));
  const { failures } = start(always);
  await clock.advance(1000);
  recreate(logs.orders.topic);
  append(logs.orders, orders(9).reverse());
  await clock.advance(10_000);
  append(logs.orders, orders(1));
  await clock.advance(1000);
  t.match(failures, [stopped]);
});

t.test('who asks for an id while it is asked for shares the next answer', async (t) => {
  const clock = manualClock();
  const answers: ((id: string) => void)[] = [];
  const { reader } = memoryLogs();
  const topicId = () => new Promise<string>((resolve) => answers.push(resolve));
  const shared = shareTopicIds({ ...reader, topicId }, clock);
  const first = shared.topicId('orders');
  const others = [shared.topicId('orders'), shared.topicId('orders')];
  t.equal(answers.length, 1);
  answers[0]!('old');
  t.equal(await first, 'old');
  await clock.advance(20);
  t.equal(answers.length, 2, 'asked after they asked, and once');
  answers[1]!('new');
  t.same(await Promise.all(others), ['new', 'new']);
});

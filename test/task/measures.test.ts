// What a task tells its instruments.
import t from 'tap';
import { createInstruments } from '../../server/log/instruments.ts';
import { orderRecord, taskLogs, taskWorld } from '../fixtures/task.ts';

t.test('a set is looked at once, at its last order, and counts for all of them', async (t) => {
  const { clock, memory, createTask } = taskWorld(t);
  const instruments = createInstruments();
  const at = (orderId: string, age: number) => ({
    ...orderRecord(orderId),
    timestamp: clock.now() - age,
  });
  await memory.writer.append(taskLogs.orders, [at('a', 90_000), at('b', 90_000), at('c', 4000)]);
  const { task } = createTask({ instruments });
  task.start();
  await clock.advance(200);
  t.equal(task.nextOffset, 3);
  const { count, sum } = instruments.endToEnd.read();
  t.equal(count, 3);
  t.ok(sum >= 3 * 4 && sum < 3 * 5, `${sum} s: the age of the last, three times`);
  t.equal(instruments.attempts.read().count, 0, 'none of them had to wait');
});

t.test('a time that is none, and one of a clock that is ahead, spoil nothing', async (t) => {
  const { clock, memory, createTask } = taskWorld(t);
  const instruments = createInstruments();
  await memory.writer.append(taskLogs.orders, [{ ...orderRecord('a'), timestamp: -1 }]);
  const { task } = createTask({ instruments });
  task.start();
  await clock.advance(200);
  t.equal(instruments.endToEnd.read().count, 0);
  const ahead = { ...orderRecord('b'), timestamp: clock.now() + 60_000 };
  await memory.writer.append(taskLogs.orders, [ahead]);
  await clock.advance(200);
  t.match(instruments.endToEnd.read(), { count: 1, sum: 0 });
});

t.test(
  'attempts are told at the end of an order, checkpoints when they are acknowledged',
  async (t) => {
    const { clock, memory, createTask } = taskWorld(t);
    const instruments = createInstruments();
    let failures = 0;
    const handle = ({ orderId }: { orderId: string }) => {
      if (orderId === 'lost' || failures++ < 1) throw new Error('not now');
    };
    await memory.writer.append(taskLogs.orders, [orderRecord('late'), orderRecord('lost')]);
    const { task } = createTask({ instruments, handle });
    t.equal(task.waitingSince, null);
    task.start();
    await clock.advance(0);
    const since = clock.now();
    t.equal(task.waitingSince, since);
    await clock.advance(60_000);
    t.equal(task.waitingSince, null, 'nothing waits any more');
    t.match(instruments.attempts.read(), { count: 2, sum: 2 + 3 });
    const written = await memory.read(taskLogs.checkpoints);
    const { count, sum } = instruments.checkpointBytes.read();
    t.equal(count, written.length);
    t.equal(
      sum,
      written.reduce((total, { value }) => total + value!.length, 0),
    );
    t.equal(instruments.checkpointTook.read().count, written.length);
  },
);

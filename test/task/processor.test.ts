import t from 'tap';
import { logs, order, taskWorld } from '../fixtures/task-world.ts';

t.test('what waits is told apart: calls in flight, retries, dead letters', async (t) => {
  const { append, start, clock, writer } = taskWorld(t);
  append(
    logs.orders,
    ['waits', 'fails', 'is given up', 'is counted'].map((id) => order(id)),
  );
  append(logs.orders, [{ timestamp: 1, key: null, value: Buffer.from('no order'), headers: [] }]);
  let answer = () => {};
  let isFull = true;
  const { task } = start(
    ({ orderId }, { attempt }) => {
      if (orderId === 'waits') return new Promise<void>((resolve) => (answer = resolve));
      if (orderId === 'fails' && attempt === 1) throw new Error('busy');
      if (orderId === 'is given up') throw Object.assign(new Error('no'), { retriable: false });
      return undefined;
    },
    {
      writer: {
        append: (tp, ...sent) =>
          isFull && tp.topic === logs.deadLetters.topic
            ? new Promise(() => {})
            : writer.append(tp, ...sent),
      },
    },
  );
  t.same(task.waiting, { inFlight: 0, retrying: 0, givenUp: 0 }, 'nothing is known yet');
  await clock.advance(0);
  t.same(task.waiting, { inFlight: 1, retrying: 1, givenUp: 2 });
  await clock.advance(1000);
  t.same(task.waiting, { inFlight: 1, retrying: 0, givenUp: 2 }, 'the retry succeeded');
  answer();
  await clock.advance(0);
  t.same(task.waiting, { inFlight: 0, retrying: 0, givenUp: 2 }, 'the call has ended');

  await task.close();
  isFull = false;
  const next = start(() => {});
  await clock.advance(60_000);
  t.same(next.task.waiting, { inFlight: 0, retrying: 0, givenUp: 0 });
});

t.test('those who wait for room or for their lane are no calls in flight', async (t) => {
  const { append, start, clock } = taskWorld(t);
  append(logs.orders, [order('a'), order('a'), order('a')]);
  const untilClosed = (signal: AbortSignal) =>
    new Promise<void>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  const { task } = start((_order, _place, signal) => untilClosed(signal), { ordering: 'key' });
  await clock.advance(0);
  t.same(task.waiting, { inFlight: 1, retrying: 2, givenUp: 0 });
});

t.test('a dead letter read from elsewhere ends an order whose call goes on', async (t) => {
  const elsewhere = taskWorld(t);
  elsewhere.append(logs.orders, [order('a')]);
  elsewhere.start(() => {
    throw Object.assign(new Error('no'), { retriable: false });
  });
  await elsewhere.clock.advance(100);
  const letters = await elsewhere.read(logs.deadLetters);

  const { append, start, clock, checkpoint } = taskWorld(t);
  append(logs.orders, [order('a')]);
  let answer = () => {};
  const { task } = start(() => new Promise<void>((resolve) => (answer = resolve)));
  await clock.advance(0);
  append(logs.deadLetters, letters);
  await clock.advance(0);
  t.same(task.waiting, { inFlight: 0, retrying: 0, givenUp: 0 });
  answer();
  await clock.advance(200);
  t.match(await checkpoint(), { deadLettered: 1, counts: [], pending: [] });
});

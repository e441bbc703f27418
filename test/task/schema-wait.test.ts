// A value whose schema is being asked for: its partition waits, and nothing is guessed.
import t from 'tap';
import { PermanentError, TransientError } from '../../server/errors.ts';
import { Fault } from '../../server/log/fault.ts';
import { Unready } from '../../server/log/unready.ts';
import { decodeOrder } from '../../server/orders/decode-order.ts';
import { createOrderFold } from '../../server/orders/order-fold.ts';
import type { OrderHandler } from '../../server/orders/order-handler.ts';
import { REASONS } from '../../server/orders/reasons.ts';
import { logs, order, taskWorld } from '../fixtures/task-world.ts';

const always: OrderHandler = () => {};

/**
 * A fold that cannot decode orders whose bytes hold `mark` before it is told to; with `unknown` it was said that
 * there is no such schema, which is not believed of an order that was counted.
 */
function askingFold(mark: string, unknown = false) {
  let tell = () => {};
  const told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  let known = false;
  const unready = new Unready(told);
  const answered = unknown
    ? new Fault(REASONS.SCHEMA_UNKNOWN, 'not there', () => unready)
    : unready;
  const fold = createOrderFold(
    { maxProducts: 100, maxBytes: 1e6 },
    {
      decode: (bytes, start, end) =>
        known || !bytes.toString('latin1', start, end).includes(mark)
          ? decodeOrder(bytes, start, end)
          : answered,
    },
  );
  return {
    fold,
    answer() {
      known = true;
      tell();
    },
  };
}

t.test('the partition waits, retries go on, and then all comes in its order', async (t) => {
  const { append, start, clock, checkpoint, read } = taskWorld(t);
  append(logs.orders, [order('busy'), order('new'), order('last')]);
  const { fold, answer } = askingFold('new');
  const handled: string[] = [];
  start(
    ({ orderId }, { attempt }) => {
      handled.push(`${orderId} ${attempt}`);
      if (orderId === 'busy' && attempt < 3) throw new TransientError('busy');
    },
    { fold },
  );
  await clock.advance(600_000);
  t.same(handled, ['busy 1', 'busy 2', 'busy 3']);
  t.match(await checkpoint(), { nextOffset: 1, pending: [], counts: [['Item1', 1]] });
  answer();
  await clock.advance(1000);
  t.same(handled.slice(3), ['new 1', 'last 1']);
  t.match(await checkpoint(), { nextOffset: 3, deadLettered: 0, counts: [['Item1', 3]] });
  t.same(await read(logs.deadLetters), []);
});

t.test('what is closed while it waits is left to the next task', async (t) => {
  const { append, start, clock, checkpoint } = taskWorld(t);
  append(logs.orders, [order('first'), order('new'), order('last')]);
  const { fold, answer } = askingFold('new');
  const { task, failures } = start(always, { fold });
  await clock.advance(1000);
  const closing = task.close({ lastCheckpoint: true });
  await clock.advance(10_000);
  await closing;
  t.match(await checkpoint(), { nextOffset: 1 });
  const next = start(always, { fold });
  await clock.advance(1000);
  answer();
  await clock.advance(1000);
  t.match(await checkpoint(), { nextOffset: 3, counts: [['Item1', 3]] });
  t.same([...failures, ...next.failures], []);
});

t.test('an order that waits for a retry waits for its schema after a restart', async (t) => {
  const { append, start, clock, checkpoint } = taskWorld(t);
  append(logs.orders, [order('new'), order('last')]);
  const first = start(({ orderId }) => {
    if (orderId === 'new') throw new TransientError('busy');
  });
  await clock.advance(400);
  await first.task.close();
  const { fold, answer } = askingFold('new');
  start(always, { fold });
  await clock.advance(60_000);
  t.match(await checkpoint(), { nextOffset: 2, pending: [{ offset: 0, attempts: 1 }] });
  answer();
  await clock.advance(1000);
  t.match(await checkpoint(), { nextOffset: 2, pending: [], counts: [['Item1', 2]] });
});

t.test(
  'a dead letter of a counted order waits for its schema before it takes it back',
  async (t) => {
    const orders = [order('a'), order('new'), order('last')];
    const elsewhere = taskWorld(t);
    elsewhere.append(logs.orders, orders);
    elsewhere.start(({ orderId }) => {
      if (orderId === 'new') throw new PermanentError('never');
    });
    await elsewhere.clock.advance(1000);
    const letters = await elsewhere.read(logs.deadLetters);
    t.equal(letters.length, 1);

    const counted = { corrections: 0, deadLetterOffset: 0, counts: [['Item1', 3]] };
    const takenBack = { corrections: 1, deadLetterOffset: 1, counts: [['Item1', 2]] };
    const cases = ['while it is at work', 'in a restore'].flatMap((when) =>
      [false, true].map((unknown) => ({ when, unknown })),
    );
    for (const { when, unknown } of cases) {
      const { append, start, clock, checkpoint } = taskWorld(t);
      append(logs.orders, orders);
      const knowing = start(always);
      await clock.advance(1000);
      await knowing.task.close();
      const { fold, answer } = askingFold('new', unknown);
      if (when === 'in a restore') append(logs.deadLetters, letters);
      const { failures } = start(always, { fold });
      await clock.advance(1000);
      if (when !== 'in a restore') append(logs.deadLetters, letters);
      append(logs.orders, [order('later', 10, 'Item2')]);
      await clock.advance(60_000);
      t.match(await checkpoint(), counted, when);
      answer();
      await clock.advance(1000);
      t.match(
        await checkpoint(),
        {
          ...takenBack,
          counts: [
            ['Item1', 2],
            ['Item2', 1],
          ],
        },
        when,
      );
      t.same(failures, []);
    }
  },
);

import t from 'tap';
import { type Run, sendOrders } from '../../server/cli/send-orders.ts';
import { createOrderGenerator, type GeneratedOrder } from '../../server/orders/order-generator.ts';

// A run on a clock that only sleeping moves.
function arrange(changes: Partial<Run> & { badRatio?: number } = {}) {
  const { badRatio = 0, ...rest } = changes;
  const batches: { at: number; orders: readonly GeneratedOrder[] }[] = [];
  const stop = new AbortController();
  let time = 0;
  const run: Run = {
    orders: createOrderGenerator({ seed: 1, products: 4, badRatio }),
    send: async (orders) => {
      batches.push({ at: time, orders });
    },
    pace: 'full',
    count: Number.POSITIVE_INFINITY,
    sent: () => {},
    signal: stop.signal,
    now: () => time,
    random: () => 0.5,
    sleep: async (ms) => {
      time += ms;
    },
    ...rest,
  };
  const ids = () => batches.flatMap(({ orders }) => orders.map(({ orderId }) => orderId));
  return { run, batches, ids, stop };
}

t.test('at full speed it sends exactly the count, in order, in bounded batches', async (t) => {
  const { run, batches, ids } = arrange({ count: 17_500 });
  await sendOrders(run);
  t.strictSame(
    ids(),
    Array.from({ length: 17_500 }, (_, n) => `1-${n + 1}`),
  );
  t.ok(batches.every(({ orders }) => orders.length <= 5000));
});

t.test('a batch of big orders stays small in bytes', async (t) => {
  const { run, batches } = arrange({ count: 2000, badRatio: 1 });
  await sendOrders(run);
  for (const { orders } of batches) {
    const bytes = orders.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    if (bytes > 600 * 1024) return t.fail(`${bytes} bytes in one batch`);
  }
});

t.test('one every 1 to 2 seconds', async (t) => {
  const { run, batches } = arrange({ pace: 'leisurely', count: 4 });
  await sendOrders(run);
  t.strictSame(
    batches.map(({ at, orders }) => [at, orders.length]),
    [
      [0, 1],
      [1500, 1],
      [3000, 1],
      [4500, 1],
    ],
  );
});

t.test('a rate is kept, singly when slow and in batches when fast', async (t) => {
  const slow = arrange({ pace: 4, count: 4 });
  await sendOrders(slow.run);
  t.strictSame(
    slow.batches.map(({ at }) => at),
    [0, 250, 500, 750],
  );

  const fast = arrange({ pace: 2000, count: 301 });
  await sendOrders(fast.run);
  t.strictSame(
    fast.batches.map(({ at, orders }) => [at, orders.length]),
    [
      [0, 1],
      [50, 100],
      [100, 100],
      [150, 100],
    ],
  );
});

t.test('it ends when told to, after the batch under way', async (t) => {
  const { run, ids, stop } = arrange({
    pace: 4,
    sent: () => {
      if (ids().length === 3) stop.abort();
    },
  });
  await sendOrders(run);
  t.equal(ids().length, 3);
});

t.test('a refused batch ends the run', async (t) => {
  let sends = 0;
  const { run } = arrange({
    send: async () => {
      sends += 1;
      if (sends === 2) throw new Error('refused');
    },
  });
  await t.rejects(sendOrders(run), { message: 'refused' });
  t.ok(sends < 10, 'and nothing more is sent');
});

import t from 'tap';
import { TransientError } from '../../server/errors.ts';
import type { Follower, LogReader, RecordSet } from '../../server/log/ports.ts';
import { reasons } from '../../server/orders/order-generator.ts';
import { createTeach } from '../../server/service/teach.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { judge } from '../fixtures/oracle.ts';
import { someOrder } from '../fixtures/some-order.ts';

type Teach = Parameters<typeof createTeach>[0];
type Sent = { partition: number; values: (Buffer | null)[] };

function world(change: Partial<Teach> = {}) {
  const sent: Sent[] = [];
  const clock = manualClock();
  const teach = createTeach({
    writer: {
      async append({ partition }, records) {
        return sent.push({ partition, values: records.map(({ value }) => value) });
      },
    },
    topic: 'orders',
    partitions: () => 3,
    clock,
    random: () => 0.1,
    ...change,
  });
  const verdicts = () =>
    sent
      .flatMap(({ values }) => values)
      .map((value) => {
        const verdict = judge(value);
        return 'reason' in verdict ? verdict.reason : 'good';
      });
  return { teach, clock, sent, verdicts };
}

t.test('twenty good orders go to all partitions', async (t) => {
  const { teach, sent, verdicts } = world();
  t.equal(await teach.samples(), 20);
  t.same(sent.map(({ partition }) => partition).sort(), [0, 1, 2]);
  t.same(verdicts(), Array(20).fill('good'));
});

t.test('of each kind of bad order there is one', async (t) => {
  const { teach, verdicts } = world();
  t.equal(await teach.bad(), reasons.length);
  t.same(verdicts().sort(), [...reasons].sort());
});

t.test('the handler fails now and then for ten seconds, with what is tried again', async (t) => {
  let drawn = 0.29;
  const { teach, clock } = world({ random: () => drawn });
  let handled = 0;
  const handle = teach.failing(() => {
    handled += 1;
  });
  const order = someOrder();
  const call = () =>
    handle(
      order,
      { topic: 'orders', partition: 0, offset: 0, attempt: 1 },
      new AbortController().signal,
    );
  call();
  teach.fail();
  t.throws(call, TransientError);
  drawn = 0.31;
  call();
  drawn = 0.29;
  await clock.advance(10_000);
  call();
  t.equal(handled, 3);
});

t.test(
  'for five seconds no orders are taken, and then all of them; other logs are read on',
  async (t) => {
    const { teach, clock } = world();
    const taken: string[] = [];
    const follow = (topic: string) => {
      let hand: Follower | undefined;
      const closing = { close() {} };
      const reader = {
        follow(_tp: unknown, _from: number, given: Follower) {
          hand = given;
          return closing;
        },
      };
      const stopping = teach.stopping(reader as unknown as LogReader);
      const follower = {
        records: async () => void taken.push(topic),
        failed() {},
        outOfRange: () => 0,
      };
      const subscription = stopping.follow({ topic, partition: 0 }, 0, follower);
      return { subscription, records: () => hand!.records({} as RecordSet) };
    };
    const [orders, letters, closed] = [follow('orders'), follow('orders-dlq'), follow('orders')];
    teach.stop();
    const waiting = [orders.records(), letters.records(), closed.records()];
    closed.subscription.close();
    await clock.advance(4999);
    t.same(taken, ['orders-dlq']);
    await clock.advance(1);
    await Promise.all(waiting);
    await orders.records();
    t.same(
      taken,
      ['orders-dlq', 'orders', 'orders'],
      'and nothing is given to one that was closed',
    );
  },
);

t.test('while the topic is not known, nothing is said to be sent', async (t) => {
  const { teach, sent } = world({ partitions: () => 0 });
  await t.rejects(teach.samples(), TransientError);
  t.same(sent, []);
});

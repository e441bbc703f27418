// What stands in the dead-letter topic: the order as it was, and why it was given up.
import type { Test } from 'tap';
import type { DeadLetterItem } from '../../server/http/contract.ts';
import { HOW_TO_GET_KCAT } from '../fixtures/kcat.ts';
import { skipOrFail } from '../fixtures/requirements.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import { until } from '../fixtures/until.ts';
import { agree, header, place } from './agree.ts';
import { type Broker, createWorld } from './world.ts';

const OURS = [
  'errorReason',
  ...['topic', 'partition', 'offset', 'timestamp', 'group', 'stage', 'disposition', 'attempts'],
  ...['exception.class', 'exception.message', 'first-failed-at', 'last-failed-at'],
  ...['app', 'instance'],
].map((name, n) => (n === 0 ? name : `orders.errors.${name}`));

/** Dead letters, byte by byte. */
export function deadLetters(t: Test, broker: Broker): void {
  t.test(
    'a dead letter is the record as it was, with our headers behind its own',
    { buffered: true },
    async (t) => {
      if (!broker.client.keepsHeaders) {
        skipOrFail(t, 'kafkajs cannot write headers of every kind', HOW_TO_GET_KCAT);
        return;
      }
      const world = createWorld(t, broker, { FAILURE_RATE: '1', MAX_RETRIES: '1' });
      const service = await world.start();
      const foreign = [
        'trace=1',
        'trace=2',
        'nothing',
        'empty=',
        '__proto__=x',
        'constructor=y',
        'trace=1',
      ];
      const stale = [
        'errorReason=EMPTY: of an earlier failure',
        'orders.errors.offset=77',
        'orders.errors.note=old',
      ];
      const records = [
        {
          key: Buffer.from([0, 0xff, 10]),
          value: encodeSomeOrder({ orderId: 'A1', product: 'P1', price: 1 }),
        },
        { key: Buffer.from('bad'), value: Buffer.from([0xff, 0, 10, 13]) },
        { key: Buffer.alloc(0), value: Buffer.alloc(0) },
      ];
      const headers = [...foreign.slice(0, 3), ...stale, ...foreign.slice(3)];
      await world.client.produce(world.orders, records, { headers, partition: 2 });

      const { orders, letters } = await agree(t, world, service);
      const original = await world.client.readHeaders(world.orders);
      t.equal(letters.length, 3);
      for (const letter of letters) {
        const source = orders.find((order) => place(order) === letter.origin)!;
        const own = original
          .get(place(source))!
          .filter(([name]) => !/^(errorReason|orders\.errors\..*)$/.test(name));
        t.equal(own.length, foreign.length);
        t.strictSame(letter.headers.slice(0, own.length), own, 'foreign headers, in order');
        t.strictSame(
          letter.headers.slice(own.length).map(([name]) => name),
          OURS,
          'and ours, once',
        );
        t.equal(letter.partition, source.partition, 'in the same partition');
        const said = Object.fromEntries(letter.headers.slice(own.length));
        t.match(said, {
          'orders.errors.topic': world.orders,
          'orders.errors.partition': '2',
          'orders.errors.offset': `${source.offset}`,
          'orders.errors.timestamp': /^\d{13}$/,
          'orders.errors.group': world.group,
          'orders.errors.first-failed-at': /^\d{4}-.*Z$/,
          'orders.errors.last-failed-at': /^\d{4}-.*Z$/,
        });
      }
      t.strictSame(
        letters
          .map((letter) =>
            ['stage', 'disposition', 'attempts'].map((name) =>
              header(letter, `orders.errors.${name}`),
            ),
          )
          .sort(),
        [
          ['decode', 'undecodable', '0'],
          ['decode', 'undecodable', '0'],
          ['process', 'retries_exhausted', '2'],
        ],
      );
    },
  );

  t.test(
    'what strangers write into the topic is shown and takes no part',
    { buffered: true },
    async (t) => {
      const world = createWorld(t, broker, { FAILURE_RATE: '0' });
      const service = await world.start();
      await world.send({ count: 200, seed: 5 });
      await agree(t, world, service);

      const value = encodeSomeOrder({ orderId: 'S1', product: 'Stranger', price: 5 });
      const origin = (group: string, topic: string) => [
        'errorReason=as they say',
        ...[`group=${group}`, `topic=${topic}`, 'partition=0', 'offset=0'].map(
          (h) => `orders.errors.${h}`,
        ),
      ];
      const write = (key: string, headers: string[]) =>
        world.client.produce(world.deadLetters, [{ key: Buffer.from(key), value }], {
          headers,
          partition: 0,
        });
      await write('bare', []);
      await write('group', origin('another-group', world.orders));
      await write('topic', origin(world.group, 'another-topic'));
      await write('broken', [
        ...origin(world.group, world.orders).slice(0, -1),
        'orders.errors.offset=1e3',
      ]);

      const shown = await until(
        'all four are shown',
        () => service.json<DeadLetterItem[]>('/dlq?limit=4'),
        (items) => items.every(({ orderId }) => orderId === 'S1'),
      );
      t.strictSame(shown.map(({ reason }) => reason).sort(), [
        ...Array.from({ length: 3 }, () => 'as they say'),
        'no reason given',
      ]);
      t.ok(shown.every(({ timestamp }) => !Number.isNaN(Date.parse(timestamp))));
      await world.send({ count: 50, seed: 6 });
      const { metrics } = await agree(t, world, service);
      t.equal(metrics.balance.corrections, 0);
    },
  );
}

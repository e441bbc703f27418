// What Kafka's own Java clients write and see.
import type { Test } from 'tap';
import type { KafkaInstallation } from '../../server/cli/apache-kafka/installation.ts';
import { produceByJava, produceTransactions, runKafkaTool } from '../fixtures/java.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import { until } from '../fixtures/until.ts';
import { agree } from './agree.ts';
import { type Broker, createWorld } from './world.ts';

/** A broker that Kafka's Java clients can talk to as well. */
export type JavaBroker = Broker & { readonly installation: KafkaInstallation };

/** Java clients beside the service. */
export function java(t: Test, broker: JavaBroker): void {
  const { brokers, installation } = broker;

  t.test(
    "orders of Java's console producer count, whatever the codec, and its tools see no lag",
    { buffered: true },
    async (t) => {
      const world = createWorld(t, broker, { FAILURE_RATE: '0' });
      const service = await world.start();
      const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
      for (const codec of codecs) {
        // The tool takes text: this price has bytes below 128, no text is as long as a line feed.
        const lines = Array.from({ length: 200 }, (_, n) =>
          encodeSomeOrder({
            orderId: `${100 + n}`,
            product: `of ${codec}`,
            price: 12.5,
          }).toString(),
        );
        const keyed = lines.map((line, n) => `${n}:${line}`);
        await produceByJava(installation, brokers, world.orders, keyed, codec);
      }
      const { metrics } = await agree(t, world, service);
      t.strictSame(
        codecs.map((codec) => metrics.perProduct[`of ${codec}`]),
        codecs.map(() => ({ count: 200, averagePrice: 12.5 })),
      );

      const args = ['--bootstrap-server', brokers, '--describe', '--group', world.group];
      const lags = await until(
        'the group has no lag',
        async () => lagsIn(await runKafkaTool(installation, TOOL, args)),
        (found) => found.every((lag) => lag === '0'),
      );
      t.equal(lags.length, 3, 'one line for each partition');
    },
  );

  t.test('orders of aborted transactions do not count', { buffered: true }, async (t) => {
    const world = createWorld(t, broker);
    const service = await world.start();
    await produceTransactions(installation, brokers, world.orders, { rounds: 6, perRound: 30 });

    const { metrics, orders } = await agree(t, world, service);
    t.equal(orders.length, 180);
    t.strictSame(Object.keys(metrics.perProduct), ['Committed']);
    t.ok(metrics.balance.gaps > 180, 'the log holds the aborted ones and the markers too');
  });
}

const TOOL = 'consumer.group.ConsumerGroupCommand';

/** The LAG column of the tool's table. */
function lagsIn(output: Buffer): string[] {
  const [title = [], ...rows] = output
    .toString()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/));
  return rows.map((row) => row[title.indexOf('LAG')] ?? '');
}

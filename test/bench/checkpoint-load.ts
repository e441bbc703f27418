// A group at work, as the checkpoint topic sees it: every partition has a new head so many times a second.
import { setTimeout as delay } from 'node:timers/promises';
import { createAppender } from '../../server/kafka/appender.ts';
import { createKafka } from '../../server/kafka/client.ts';
import { createCluster } from '../../server/kafka/cluster.ts';
import { encodeCheckpoint } from '../../server/log/checkpoint.ts';
import { encodeProducts } from '../../server/orders/averages-codec.ts';
import { someCheckpoint } from '../fixtures/orders.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

/** Creates the topics that are shown. */
export async function createShownTopics(brokers: string, group: string, numPartitions: number) {
  const settings = { brokers: brokers.split(','), clientId: 'bench', logger: silentLogger };
  const admin = createKafka(settings).admin();
  await admin.connect();
  const topics = ['checkpoints', 'dlq'].map((name) => ({
    topic: `${group}-${name}`,
    numPartitions,
  }));
  await admin.createTopics({ topics, waitForLeaders: false });
  await admin.disconnect();
}

/** Half of the products change from one checkpoint to the next. */
function foldedOf(products: number, turn: number): Buffer {
  const tallies = Array.from({ length: products }, (_, n) => {
    const count = n % 2 === turn % 2 ? 2 : 1;
    return [`Item${n}`, { count, low: 100_000 * count, carry: 0 }] as const;
  });
  return encodeProducts(new Map(tallies));
}

/** Writes until it is stopped, which tells how many were written and how long that took. */
export function startCheckpoints(
  brokers: string,
  {
    group,
    partitions,
    products,
    rate,
  }: Record<'partitions' | 'products' | 'rate', number> & {
    group: string;
  },
) {
  const settings = { brokers: brokers.split(','), clientId: 'bench', logger: silentLogger };
  const appender = createAppender({ cluster: createCluster(createKafka(settings)) });
  const bodies = [0, 1].map((turn) => foldedOf(products, turn));
  const startedAt = performance.now();
  let written = 0;
  let size = 0;
  let open = true;

  async function write(partition: number): Promise<void> {
    // All in step would be a load that no group makes.
    let due = performance.now() + (Math.random() * 1000) / rate;
    for (let nextOffset = 1; open; nextOffset += 1) {
      const folded = bodies[nextOffset % 2]!;
      const change = { group, partition, nextOffset, owner: `i${partition}`, folded };
      const value = encodeCheckpoint(someCheckpoint(change));
      const record = { timestamp: -1, key: null, value, headers: [] };
      // A topic that has just been created has no leaders yet.
      const tp = { topic: `${group}-checkpoints`, partition };
      const isWritten = await appender.append(tp, [record]).then(
        () => true,
        () => false,
      );
      if (isWritten) written += 1;
      size = value.length;
      due = Math.max(due + 1000 / rate, performance.now());
      await delay(due - performance.now());
    }
  }

  const writing = Promise.all(
    Array.from({ length: partitions }, (_, partition) => write(partition)),
  );
  return {
    /** Checkpoints a second so far, and the bytes of one. */
    read: () => ({ rate: written / ((performance.now() - startedAt) / 1000), size }),
    async stop() {
      open = false;
      await writing;
      await appender.close();
    },
  };
}

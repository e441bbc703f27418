// Fills a topic quickly: batches of our own encoding, straight to the leaders.

import { createAppender } from '../../server/kafka/appender.ts';
import { createKafka } from '../../server/kafka/client.ts';
import { createCluster } from '../../server/kafka/cluster.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';

const BATCH = 2000;

/** Creates the topic and writes valid orders, evenly over the partitions, 2,000 to a batch. */
export async function writeBacklog(options: {
  brokers: string;
  topic: string;
  orders: number;
  partitions: number;
  products: number;
}): Promise<void> {
  const { topic, orders, partitions, products } = options;
  const brokers = options.brokers.split(',');
  const kafka = createKafka({ brokers, clientId: 'bench', logger: silentLogger });
  const admin = kafka.admin();
  await admin.connect();
  const config = { topic, numPartitions: partitions };
  await admin.createTopics({ topics: [config], waitForLeaders: true });
  await admin.disconnect();
  const appender = createAppender({ cluster: createCluster(kafka) });
  for (let first = 0, turn = 0; first < orders; first += BATCH, turn += 1) {
    const records = Array.from({ length: Math.min(BATCH, orders - first) }, (_, i) => {
      const number = first + i;
      const orderId = String(100_000 + (number % 900_000));
      const order = {
        orderId,
        product: `Item${(number * 7919) % products}`,
        price: (number % 5000) / 10,
      };
      return { timestamp: Date.now(), key: null, value: encodeSomeOrder(order), headers: [] };
    });
    await appender.append({ topic, partition: turn % partitions }, records);
  }
  await appender.close();
}

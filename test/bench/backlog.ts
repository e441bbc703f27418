// Fills a topic quickly: batches of our own encoding, straight to the leaders; kcat where a codec is wanted
// that Node cannot write.

import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { createKafka } from '../../server/kafka/client.ts';
import { createCluster, findLeader } from '../../server/kafka/cluster.ts';
import { produceExchange } from '../../server/kafka/protocol.ts';
import { Codec } from '../../server/record-batch/batch-header.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { runTool } from '../fixtures/run-tool.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';

export type Backlog = {
  readonly topic: string;
  readonly orders: number;
  readonly partitions: number;
  readonly products: number;
  /** Records in a batch. */
  readonly batch: number;
  /** As kcat calls it. */
  readonly codec: string;
};

const TIMEOUT_MS = 30_000;

/** The value of the order with this number. */
export function orderValue(number: number, products: number): Buffer {
  return encodeSomeOrder({
    orderId: String(100_000 + (number % 900_000)),
    product: `Item${(number * 7919) % products}`,
    price: (number % 5000) / 10,
  });
}

/** Creates the topic and writes valid orders, evenly over the partitions. */
export async function writeBacklog(brokers: string, backlog: Backlog): Promise<void> {
  const { topic, orders, partitions } = backlog;
  const settings = { brokers: brokers.split(','), clientId: 'bench', logger: silentLogger };
  const kafka = createKafka(settings);
  const admin = kafka.admin();
  await admin.connect();
  const config = { topic, numPartitions: partitions };
  await admin.createTopics({ topics: [config], waitForLeaders: true });
  await admin.disconnect();
  const cluster = createCluster(kafka);
  const write = ['none', 'gzip'].includes(backlog.codec) ? appendBatches : pipeToKcat;
  const share = Math.ceil(orders / partitions);
  await Promise.all(
    Array.from({ length: partitions }, (_, partition) => {
      const first = Math.min(orders, partition * share);
      const end = Math.min(orders, first + share);
      return write({ ...backlog, brokers, cluster, partition, first, end });
    }),
  );
  await cluster.close();
}

/** The orders with the numbers from `first` up to `end`, in one partition. */
type Share = Backlog & {
  readonly brokers: string;
  readonly cluster: ReturnType<typeof createCluster>;
  readonly partition: number;
  readonly first: number;
  readonly end: number;
};

async function appendBatches({ cluster, codec, batch, products, ...share }: Share): Promise<void> {
  const { topic, partition, end } = share;
  const gzip = { compression: { codec: Codec.gzip, deflate: (body: Buffer) => gzipSync(body) } };
  for (let first = share.first; first < end; first += batch) {
    const records = Array.from({ length: Math.min(batch, end - first) }, (_, i) => {
      const value = orderValue(first + i, products);
      return { timestamp: Date.now(), key: null, value, headers: [] };
    });
    const bytes = encodeBatch(records, codec === 'gzip' ? gzip : {});
    const { node } = await findLeader(cluster, { topic, partition });
    const exchange = produceExchange({ topic, partition }, bytes, TIMEOUT_MS);
    const { error } = await cluster.send(node, exchange);
    if (error !== 0) throw new Error(`the backlog cannot be written: error ${error}`);
  }
}

async function pipeToKcat(share: Share): Promise<void> {
  const { brokers, topic, partition, products, batch, codec, first, end } = share;
  const between = randomBytes(8).toString('hex');
  const values = Array.from({ length: end - first }, (_, i) => [
    orderValue(first + i, products),
    Buffer.from(between),
  ]);
  const target = ['-P', '-b', brokers, '-t', topic, '-p', `${partition}`, '-z', codec];
  const batches = [`batch.num.messages=${batch}`, 'linger.ms=1000', 'batch.size=10000000'];
  const settings = batches.flatMap((setting) => ['-X', setting]);
  await runTool('kcat', [...target, ...settings, '-D', between], Buffer.concat(values.flat()));
}

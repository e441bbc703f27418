// Sends orders to their topic, for the generator. The service itself never writes there.
import { AppError, describe, isRetriable } from '../errors.ts';
import type { RecordContent } from '../record-batch/record.ts';
import { createAppender } from './appender.ts';
import { backoff } from './backoff.ts';
import { createKafka, type KafkaSettings } from './client.ts';
import { createCluster } from './cluster.ts';
import { partitionOf } from './partitioner.ts';

/** A record for the orders topic; a null value is a tombstone. */
export type OutgoingOrder = { readonly key: Buffer; readonly value: Buffer | null };

/** An open way to the orders topic. */
export type OrderProducer = {
  /**
   * Resolves when every replica in sync has them all. They become one batch per partition, of which
   * Kafka takes 1 MB by default. What fails is tried again for about half a minute; an order whose
   * acknowledgement was lost is then there twice.
   */
  send(orders: readonly OutgoingOrder[]): Promise<void>;
  close(): Promise<void>;
};

// With the growing pauses of `backoff` about half a minute.
const ATTEMPTS = 20;

/**
 * Connects, and creates the topic when it is missing. Throws an AppError (KAFKA_UNREACHABLE) within
 * a second or so when no Kafka answers.
 */
export async function openOrderProducer(options: {
  connection: Omit<KafkaSettings, 'clientId'>;
  topic: string;
  /** Of the topic, when it is created here. */
  partitions: number;
  /** Told what is wrong while a send is tried again. */
  trouble: (message: string) => void;
}): Promise<OrderProducer> {
  const { connection, topic, trouble } = options;
  const silent = () => {};
  const logger = { debug: silent, info: silent, warn: silent, error: silent };
  const kafka = createKafka({ ...connection, clientId: 'order-generator', logger });

  const admin = kafka.admin();
  const partitions = await (async () => {
    await admin.connect();
    const wanted = { topic, numPartitions: options.partitions };
    await admin.createTopics({ topics: [wanted], waitForLeaders: true });
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]!.partitions.length;
  })()
    .catch((cause: unknown) => {
      const where = connection.brokers.join(', ');
      const message = `no Kafka at ${where}: ${describe(cause)}`;
      throw new AppError('KAFKA_UNREACHABLE', message, true, { cause });
    })
    .finally(() => admin.disconnect());

  const appender = createAppender({ cluster: createCluster(kafka) });
  const insist = async (partition: number, records: readonly RecordContent[]) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await appender.append({ topic, partition }, records);
      } catch (error) {
        if (attempt === ATTEMPTS || !isRetriable(error)) throw error;
        trouble(describe(error));
        await backoff(attempt, Math.random);
      }
    }
  };
  return {
    send: async (orders) => {
      const batches = new Map<number, RecordContent[]>();
      const timestamp = Date.now();
      for (const { key, value } of orders) {
        const partition = partitionOf(key, partitions);
        const batch = batches.get(partition);
        const record = { timestamp, key, value, headers: [] };
        if (batch === undefined) batches.set(partition, [record]);
        else batch.push(record);
      }
      await Promise.all([...batches].map(([partition, records]) => insist(partition, records)));
    },
    close: () => appender.close(),
  };
}

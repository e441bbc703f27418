// Sends orders to their topic, for the generator. The service itself never writes there.
import type { Kafka } from 'kafkajs';
import { AppError, describe, isProgrammerError } from '../errors.ts';
import { retry } from '../log/retry.ts';
import type { RecordContent } from '../record-batch/record.ts';
import { createAppender } from './appender.ts';
import { kafkaBackoff } from './backoff.ts';
import { createKafka, type KafkaSettings } from './client.ts';
import { type Cluster, createCluster, partitionCount } from './cluster.ts';
import { inWords } from './kafkajs-error.ts';
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

// With the growing pauses of `kafkaBackoff` about half a minute.
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

  const cluster = createCluster(kafka);
  const partitions = await ensureTopic(
    { kafka, cluster, trouble },
    topic,
    options.partitions,
  ).catch(async (cause: unknown) => {
    await cluster.close();
    const where = connection.brokers.join(', ');
    const message = `no Kafka at ${where}: ${inWords(cause)}`;
    throw new AppError('KAFKA_UNREACHABLE', message, true, { cause });
  });
  const appender = createAppender({ cluster });
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
      await Promise.all(
        [...batches].map(([partition, records]) =>
          retry(() => appender.append({ topic, partition }, records), trying(trouble)),
        ),
      );
    },
    close: () => appender.close(),
  };
}

/** Creates the topic when it is missing; its partitions. Connecting is tried once, to tell soon. */
async function ensureTopic(
  {
    kafka,
    cluster,
    trouble,
  }: { kafka: Kafka; cluster: Cluster; trouble: (message: string) => void },
  topic: string,
  numPartitions: number,
): Promise<number> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    // The broker may not know a topic yet that was created a moment ago, here or elsewhere.
    const create = async () => {
      await cluster.refresh([topic]);
      if (partitionCount(cluster, topic) === 0) {
        await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true });
        await cluster.refresh([topic]);
      }
      const count = partitionCount(cluster, topic);
      if (count === 0) throw new AppError('METADATA', `topic ${topic} is not there yet`, true);
      return count;
    };
    const mayPass = (error: unknown) => !isProgrammerError(error);
    return await retry(create, { ...trying(trouble), mayPass });
  } finally {
    await admin.disconnect();
  }
}

/** How often and how long something is tried; every failure but the last is told. */
function trying(trouble: (message: string) => void) {
  return {
    ...kafkaBackoff(Math.random),
    failed(error: unknown, failures: number) {
      if (failures + 1 === ATTEMPTS) throw error;
      trouble(describe(error));
    },
  };
}

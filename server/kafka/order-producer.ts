// Sends orders to their topic, for the generator. The service itself never writes there.
import { Kafka, type KafkaConfig, logLevel, Partitioners, type SASLOptions } from 'kafkajs';
import { AppError, describe } from '../errors.ts';

/** A record for the orders topic; a null value is a tombstone. */
export type OutgoingOrder = { readonly key: Buffer; readonly value: Buffer | null };

/** An open way to the orders topic. */
export type OrderProducer = {
  /** Resolves when every replica in sync has them all. At most 512 KB and a few thousand orders. */
  send(orders: readonly OutgoingOrder[]): Promise<void>;
  close(): Promise<void>;
};

/** Where Kafka is and how to talk to it. */
export type Connection = {
  readonly brokers: readonly string[];
  readonly ssl: boolean;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
};

/**
 * Connects, and creates the topic when it is missing. Throws an AppError (KAFKA_UNREACHABLE) at once
 * when no Kafka answers; a Kafka that goes away later is waited for, about half a minute a send.
 */
export async function openOrderProducer(options: {
  connection: Connection;
  topic: string;
  /** Of the topic, when it is created here. */
  partitions: number;
  /** Told what is wrong while a send is tried again. */
  trouble: (message: string) => void;
}): Promise<OrderProducer> {
  const { connection, topic, partitions } = options;
  await createMissingTopic(connection, topic, partitions).catch((error: unknown) => {
    const where = connection.brokers.join(', ');
    throw new AppError('KAFKA_UNREACHABLE', `no Kafka at ${where}: ${describe(error)}`, true, {
      cause: error,
    });
  });

  const retry = { initialRetryTime: 100, maxRetryTime: 3000, retries: 12 };
  const client = new Kafka({
    ...kafkaConfig(connection),
    retry,
    logLevel: logLevel.ERROR,
    logCreator:
      () =>
      ({ log }) =>
        options.trouble(log.error ?? log.message),
  });
  const producer = client.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  return {
    send: async (orders) => {
      await producer.send({ topic, messages: [...orders] });
    },
    close: () => producer.disconnect(),
  };
}

async function createMissingTopic(connection: Connection, topic: string, partitions: number) {
  // One try at each broker: whoever starts the generator is told at once.
  const once = { retries: connection.brokers.length - 1, initialRetryTime: 10 };
  const patient = { retries: 10, initialRetryTime: 100, maxRetryTime: 1000 };
  const admin = new Kafka({ ...kafkaConfig(connection), retry: once }).admin({ retry: patient });
  try {
    await admin.connect();
    await admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic, numPartitions: partitions }],
    });
  } finally {
    await admin.disconnect();
  }
}

function kafkaConfig({ brokers, ssl, sasl }: Connection): KafkaConfig {
  return {
    clientId: 'order-generator',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    ssl,
    ...(sasl && { sasl: sasl as SASLOptions }),
  };
}

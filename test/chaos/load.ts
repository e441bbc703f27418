// Orders without a pause, as a producer in the field sends them.
import { setTimeout as delay } from 'node:timers/promises';
import { sendOrders } from '../../server/cli/send-orders.ts';
import { createAppender } from '../../server/kafka/appender.ts';
import { kafkaBackoff } from '../../server/kafka/backoff.ts';
import { createKafka } from '../../server/kafka/client.ts';
import { createCluster } from '../../server/kafka/cluster.ts';
import { openOrderProducer } from '../../server/kafka/order-producer.ts';
import { retry } from '../../server/log/retry.ts';
import { createOrderGenerator, type GeneratedOrder } from '../../server/orders/order-generator.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

const STEADY_EVERY_MS = 10;
const STEADY_ORDERS = 4;

export type Load = {
  readonly sent: number;
  /** Ends it; resolves when Kafka has all of it, rejects when a send has failed for good. */
  stop(): Promise<void>;
};

export type LoadOptions = {
  readonly seed: number;
  /** Orders a second. */
  readonly rate: number;
  readonly products?: number;
  readonly badRatio?: number;
  /** Instead of the generator's orders. */
  readonly orders?: { next(): GeneratedOrder };
};

/**
 * A few orders to every partition, every few milliseconds, each partition for itself: that one has no
 * leader holds up no other.
 */
export function startSteadyLoad(
  brokers: string,
  topic: string,
  { seed, partitions }: { seed: number; partitions: number },
): Load {
  const kafka = createKafka({
    ...{ brokers: brokers.split(','), clientId: 'steady-load', logger: silentLogger },
  });
  const appender = createAppender({ cluster: createCluster(kafka) });
  const stop = new AbortController();
  const { signal } = stop;
  let sent = 0;
  const run = async (partition: number) => {
    const orders = createOrderGenerator({ seed: seed + partition, products: 8, badRatio: 0.02 });
    for (; !signal.aborted; await delay(STEADY_EVERY_MS)) {
      const records = Array.from({ length: STEADY_ORDERS }, () => {
        const { key, value } = orders.next();
        return { timestamp: Date.now(), key, value, headers: [] };
      });
      const append = () => appender.append({ topic, partition }, records);
      await retry(append, { ...kafkaBackoff(Math.random), failed: () => {} });
      sent += records.length;
    }
  };
  const finished = Promise.all(Array.from({ length: partitions }, (_, each) => run(each)));
  finished.catch(() => {});
  return running({ sent: () => sent, stop, finished, client: appender });
}

/** Sends to a topic until it is stopped. */
export async function startLoad(
  brokers: string,
  topic: string,
  { seed, rate, products = 8, badRatio = 0.02, orders }: LoadOptions,
): Promise<Load> {
  const producer = await openOrderProducer({
    connection: { brokers: brokers.split(',') },
    topic,
    partitions: 3,
    trouble: () => {},
  });
  const stop = new AbortController();
  let sent = 0;
  const finished = sendOrders({
    orders: orders ?? createOrderGenerator({ seed, products, badRatio }),
    send: (batch) => producer.send(batch),
    pace: rate,
    count: Number.POSITIVE_INFINITY,
    sent: (batch) => {
      sent += batch.length;
    },
    signal: stop.signal,
    now: () => performance.now(),
    random: Math.random,
    sleep: (ms) => delay(ms, undefined, { signal: stop.signal }).catch(() => undefined),
  });
  // Reported by stop(), which may come much later.
  finished.catch(() => {});
  return running({ sent: () => sent, stop, finished, client: producer });
}

function running(load: {
  sent: () => number;
  stop: AbortController;
  finished: Promise<unknown>;
  client: { close(): Promise<unknown> };
}): Load {
  return {
    get sent() {
      return load.sent();
    },
    async stop() {
      load.stop.abort();
      await load.finished;
      await load.client.close();
    },
  };
}

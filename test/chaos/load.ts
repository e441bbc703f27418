// Orders without a pause, as a producer in the field sends them.
import { setTimeout as delay } from 'node:timers/promises';
import { sendOrders } from '../../server/cli/send-orders.ts';
import { openOrderProducer } from '../../server/kafka/order-producer.ts';
import { createOrderGenerator, type GeneratedOrder } from '../../server/orders/order-generator.ts';

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
  return {
    get sent() {
      return sent;
    },
    async stop() {
      stop.abort();
      await finished;
      await producer.close();
    },
  };
}

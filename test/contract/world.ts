// A service's world on a broker that it shares with others: topics and a group of its own, orders to
// send, and the instruments that look at what comes of them.
import type { Test } from 'tap';
import { createOrderGenerator } from '../../server/cli/order-generator.ts';
import { sendOrders } from '../../server/cli/send-orders.ts';
import { isRetriable } from '../../server/errors.ts';
import type { Health } from '../../server/http/contract.ts';
import { openOrderProducer } from '../../server/kafka/order-producer.ts';
import type { Kcat } from '../fixtures/kcat.ts';
import { type Service, withService } from '../fixtures/service.ts';
import { until } from '../fixtures/until.ts';

/** A Kafka, and a client of it that shares no code with the service. */
export type Broker = { readonly brokers: string; readonly kcat: Kcat };

/** Orders of the generator: same seed, same orders; `bad` is the share of bad ones. */
export type Batch = { count: number; seed: number; bad?: number; products?: number };

export type World = Broker & {
  readonly orders: string;
  readonly deadLetters: string;
  readonly group: string;
  /** What a service needs to live here; quick in its retries. */
  readonly env: Readonly<Record<string, string>>;
  /** Starts an instance and resolves when it is ready. */
  start(settings?: Record<string, string>): Promise<Service>;
  /** Resolves when Kafka has them all. */
  send(batch: Batch): Promise<void>;
  /** Sends at a steady rate until it is stopped; waits for a Kafka that is away. */
  load(options: { seed: number; perSecond: number }): Promise<Load>;
};

/** Orders on their way. */
export type Load = {
  /** Resolves when so many have arrived since the call. */
  sent(count: number): Promise<void>;
  /** Resolves when Kafka has all of them. */
  stop(): Promise<void>;
};

let worlds = 0;

/** A world of its own for a test; `settings` hold for every instance in it. */
export function createWorld(t: Test, broker: Broker, settings: Record<string, string> = {}): World {
  worlds += 1;
  const orders = `contract-${worlds}`;
  const deadLetters = `${orders}-dlq`;
  const group = `${orders}-group`;
  const env = {
    KAFKA_BROKERS: broker.brokers,
    ORDERS_TOPIC: orders,
    DLQ_TOPIC: deadLetters,
    GROUP_ID: group,
    RETRY_BACKOFF_MS: '20',
    ...settings,
  };

  function openProducer() {
    return openOrderProducer({
      connection: { brokers: [broker.brokers], ssl: false },
      topic: orders,
      partitions: Number(settings.PARTITIONS ?? 3),
      trouble: (message) => t.comment(message),
    });
  }

  return {
    ...broker,
    orders,
    deadLetters,
    group,
    env,
    async start(more) {
      const service = await withService(t, { ...env, ...more });
      await ready(service);
      return service;
    },
    async send(batch) {
      const producer = await openProducer();
      await sendBatch(batch, producer.send);
      await producer.close();
    },
    async load({ seed, perSecond }) {
      const producer = await openProducer();
      return startLoad(t, { seed, perSecond }, producer);
    },
  };
}

/** Resolves when the instance says that it is ready. */
export async function ready(service: Service): Promise<void> {
  const health = () => service.json<Health>('/health/ready');
  await until('the service is ready', health, ({ status }) => status === 'ready');
}

type Producer = Awaited<ReturnType<typeof openOrderProducer>>;

async function sendBatch(batch: Batch, send: Producer['send']): Promise<void> {
  const { count, seed, bad = 0.05, products = 4 } = batch;
  await sendOrders({
    ...unhurried(new AbortController().signal),
    orders: createOrderGenerator({ seed, products, badRatio: bad }),
    send,
    pace: 'full',
    count,
    sent: () => {},
  });
}

function startLoad(
  t: Test,
  { seed, perSecond }: { seed: number; perSecond: number },
  producer: Producer,
): Load {
  const stop = new AbortController();
  let total = 0;
  let waiting: { total: number; resolve: () => void }[] = [];
  const finished = sendOrders({
    ...unhurried(stop.signal),
    orders: createOrderGenerator({ seed, products: 4, badRatio: 0.05 }),
    send: (orders) => insist(() => producer.send(orders)),
    pace: perSecond,
    count: Number.POSITIVE_INFINITY,
    sent(orders) {
      total += orders.length;
      for (const each of waiting) if (each.total <= total) each.resolve();
      waiting = waiting.filter((each) => each.total > total);
    },
  });
  const end = async () => {
    stop.abort();
    await finished;
    await producer.close();
  };
  t.teardown(end);
  return {
    sent: (count) =>
      Promise.race([
        new Promise<void>((resolve) => waiting.push({ total: total + count, resolve })),
        finished,
      ]),
    stop: end,
  };
}

/** The producer gives up after a while; a crashed broker on a busy machine takes longer. */
async function insist(send: () => Promise<void>): Promise<void> {
  await send().catch((error: unknown) => {
    if (!isRetriable(error)) throw error;
    return insist(send);
  });
}

function unhurried(signal: AbortSignal) {
  return {
    signal,
    now: () => performance.now(),
    random: () => 0,
    sleep: (ms: number) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(done, ms);
        signal.addEventListener('abort', done);
        function done() {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          resolve();
        }
      }),
  };
}

// A service's world on a broker that it shares with others: topics and a group of its own, orders to
// send, and the instruments that look at what comes of them.
import { setTimeout as pause } from 'node:timers/promises';
import type { Test } from 'tap';
import { isRetriable } from '../../server/errors.ts';
import type { Health } from '../../server/http/contract.ts';
import { type OrderProducer, openOrderProducer } from '../../server/kafka/order-producer.ts';
import { createOrderGenerator, type GeneratedOrder } from '../../server/orders/order-generator.ts';
import type { OtherClient } from '../fixtures/other-client.ts';
import { type Service, withService } from '../fixtures/service.ts';
import { until } from '../fixtures/until.ts';

/** A Kafka, and a client of it that shares no code with the service. */
export type Broker = { readonly brokers: string; readonly client: OtherClient };

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
  /** Sends at most 1000 orders per second until it is stopped; waits for a Kafka that is away. */
  load(seed: number): Promise<Load>;
};

/** Orders on their way. */
export type Load = {
  /** Resolves when so many have arrived since the call. */
  sent(count: number): Promise<void>;
  /** Resolves when Kafka has all of them. */
  stop(): Promise<void>;
};

const AT_ONCE = 50;
const PAUSE_MS = 50;

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
      connection: { brokers: [broker.brokers] },
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
      const { count, seed, bad = 0.05, products = 4 } = batch;
      const generator = createOrderGenerator({ seed, products, badRatio: bad });
      for (let left = count; left > 0; left -= AT_ONCE) {
        await producer.send(take(generator, Math.min(left, AT_ONCE)));
      }
      await producer.close();
    },
    load: async (seed) => startLoad(t, seed, await openProducer()),
  };
}

/** Resolves when the instance says that it is ready. */
export async function ready(service: Service): Promise<void> {
  const health = () => service.json<Health>('/health/ready');
  await until('the service is ready', health, ({ status }) => status === 'ready');
}

function startLoad(t: Test, seed: number, producer: OrderProducer): Load {
  const generator = createOrderGenerator({ seed, products: 4, badRatio: 0.05 });
  let waiting: { total: number; resolve: () => void }[] = [];
  let total = 0;
  let open = true;

  // A pause and not a schedule: on a busy machine there is nothing to catch up with.
  const finished = (async () => {
    for (; open; await pause(PAUSE_MS)) {
      const orders = take(generator, AT_ONCE);
      await insist(() => producer.send(orders));
      total += AT_ONCE;
      for (const each of waiting) if (each.total <= total) each.resolve();
      waiting = waiting.filter((each) => each.total > total);
    }
  })();
  const stop = async () => {
    open = false;
    await finished;
    await producer.close();
  };
  t.teardown(stop);
  return {
    sent: (count) =>
      Promise.race([
        new Promise<void>((resolve) => waiting.push({ total: total + count, resolve })),
        finished,
      ]),
    stop,
  };
}

function take(generator: { next(): GeneratedOrder }, count: number): GeneratedOrder[] {
  return Array.from({ length: count }, () => generator.next());
}

/** The producer gives up after a while; a crashed broker on a busy machine takes longer. */
async function insist(send: () => Promise<void>): Promise<void> {
  await send().catch((error: unknown) => {
    if (!isRetriable(error)) throw error;
    return insist(send);
  });
}

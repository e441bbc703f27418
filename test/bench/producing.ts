// Sends ORDERS to TOPIC in the way SIDE says and prints a Cost as JSON. Both ways make the same orders.
import kafkajs from 'kafkajs';
import { sendOrders } from '../../server/cli/send-orders.ts';
import { openOrderProducer } from '../../server/kafka/order-producer.ts';
import { createOrderGenerator, type GeneratedOrder } from '../../server/orders/order-generator.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import type { Cost } from './side.ts';

const { SIDE, BROKERS = '', TOPIC = '', ORDERS = '0' } = process.env;
const brokers = BROKERS.split(',');
const count = Number(ORDERS);
const PARTITIONS = 3;
const BATCH = 2000;
/** As many sends of kafkajs are under way at once as ours. */
const LANES = 3;

type Send = (orders: readonly GeneratedOrder[]) => Promise<unknown>;

const orders = createOrderGenerator({ seed: 1, products: 4, badRatio: 0, write: encodeSomeOrder });

/** As `npm run produce -- --rate 0` does it. */
async function produce(): Promise<Cost> {
  const connection = { brokers };
  const options = { connection, topic: TOPIC, partitions: PARTITIONS, trouble() {} };
  const { send } = await openOrderProducer(options);
  return timed(() =>
    sendOrders({
      ...{ orders, send, pace: 'full', count, sent() {}, sleep: async () => {} },
      ...{ signal: new AbortController().signal, now: () => performance.now() },
      random: Math.random,
    }),
  );
}

/** kafkajs as its documentation shows it, in batches of 2,000. */
async function produceWithKafkajs(): Promise<Cost> {
  const kafka = new kafkajs.Kafka({ brokers, logLevel: 0 });
  const { Partitioners } = kafkajs;
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const send: Send = (batch) => producer.send({ topic: TOPIC, messages: [...batch] });
  let left = count;
  async function lane(): Promise<void> {
    while (left > 0) {
      const batch = Array.from({ length: Math.min(BATCH, left) }, () => orders.next());
      left -= batch.length;
      await send(batch);
    }
  }
  return timed(() => Promise.all(Array.from({ length: LANES }, lane)));
}

async function timed(work: () => Promise<unknown>): Promise<Cost> {
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - startedAt) / 1000;
  return { orders: count, seconds, cpuSeconds: (user + system) / 1e6 };
}

const cost = await (SIDE === 'service' ? produce() : produceWithKafkajs());
process.stdout.write(JSON.stringify(cost), () => process.exit(0));

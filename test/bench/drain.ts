// Drains the backlog of TOPIC in the way SIDE says and prints one Result as JSON. The time runs from
// the first record handled to the last one settled.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import avro from 'avsc';
import kafkajs from 'kafkajs';
import { loadConfig } from '../../server/config.ts';
import { createAppender } from '../../server/kafka/appender.ts';
import { createKafka } from '../../server/kafka/client.ts';
import { createCluster } from '../../server/kafka/cluster.ts';
import { createFetcher } from '../../server/kafka/fetcher.ts';
import { createServiceTopics } from '../../server/kafka/topics.ts';
import { MAX_FOLDED_BYTES } from '../../server/log/checkpoint.ts';
import { systemClock as clock } from '../../server/log/clock.ts';
import { createInstruments } from '../../server/log/instruments.ts';
import { createProgress } from '../../server/log/progress.ts';
import { createGroupAverages } from '../../server/orders/group-averages.ts';
import { createOrderFold, idOf } from '../../server/orders/order-fold.ts';
import { createOrderHandler } from '../../server/orders/order-handler.ts';
import { CHECKPOINT_SHARE, rulesOf } from '../../server/service/own-tasks.ts';
import { createPartitionTask } from '../../server/task/partition-task.ts';
import { createGroupView } from '../../server/view/group-view.ts';
import { silentLogger as logger } from '../fixtures/silent-logger.ts';

export type Result = {
  orders: number;
  seconds: number;
  /** From here on null of a program that is not ours to ask. */
  cpuSeconds: number | null;
  rssBytes: number | null;
  /** p99 and maximum. */
  loopDelayMs: [number, number] | null;
};

const { SIDE, BROKERS = '', TOPIC = '' } = process.env;
const id = `${TOPIC}-${process.pid}`;
const type = avro.Type.forSchema({
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'orderId', type: 'string' },
    { name: 'product', type: 'string' },
    { name: 'price', type: 'float' },
  ],
});

function stopwatch() {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let startedAt = 0;
  let cpu = process.cpuUsage();
  return {
    start() {
      if (startedAt > 0) return;
      startedAt = performance.now();
      cpu = process.cpuUsage();
      delay.enable();
    },
    stop(orders: number): Result {
      const { user, system } = process.cpuUsage(cpu);
      return {
        orders,
        seconds: (performance.now() - startedAt) / 1000,
        cpuSeconds: (user + system) / 1e6,
        rssBytes: process.memoryUsage.rss(),
        loopDelayMs: [delay.percentile(99) / 1e6, delay.max / 1e6],
      };
    },
  };
}

async function highWatermarks(): Promise<number[]> {
  const admin = new kafkajs.Kafka({ brokers: BROKERS.split(','), logLevel: 0 }).admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(TOPIC);
  await admin.disconnect();
  return offsets.sort((a, b) => a.partition - b.partition).map(({ high }) => Number(high));
}

/** The tasks and the view of the service as it runs them, all partitions in this process. */
async function drainWithService(): Promise<Result> {
  const config = loadConfig(process.env);
  const highs = await highWatermarks();
  const total = highs.reduce((sum, high) => sum + high, 0);
  const kafka = createKafka({ brokers: BROKERS.split(','), clientId: 'bench', logger });
  const [deadLetters, checkpoints, commands] = [`${id}-dlq`, `${id}-checkpoints`, `${id}-commands`];
  const names = { orders: TOPIC, deadLetters, checkpoints, commands };
  const topics = createServiceTopics({ kafka, names, partitions: highs.length, logger });
  await topics.ensure();
  const progress = createProgress(clock);
  const openReader = () =>
    createFetcher({
      cluster: createCluster(kafka),
      logger,
      random: Math.random,
      onState() {},
      onPartition() {},
    });
  const reader = openReader();
  const writer = createAppender({ cluster: createCluster(kafka) });
  const watch = stopwatch();
  const fold = createOrderFold({ maxProducts: config.MAX_PRODUCTS, maxBytes: MAX_FOLDED_BYTES });
  const simulated = createOrderHandler(config.FAILURE_RATE, Math.random);
  let handled = 0;
  const fail = (error: unknown) => {
    throw error;
  };
  const view = createGroupView({
    reader: openReader(),
    group: id,
    checkpointTopic: names.checkpoints,
    deadLetterTopic: names.deadLetters,
    deadLetterBufferSize: config.DLQ_BUFFER_SIZE,
    state: createGroupAverages(clock),
    idOf,
    clock,
    logger,
    onCheckpoint() {},
    onFailed: (_tp, error) => fail(error),
  });
  view.follow([...highs.keys()]);
  // As often as the service does when nobody looks.
  setInterval(() => view.heads(), 1000);
  const tasks = highs.map((_, partition) =>
    createPartitionTask({
      logs: {
        group: id,
        orders: { topic: names.orders, partition },
        deadLetters: { topic: names.deadLetters, partition },
        checkpoints: { topic: names.checkpoints, partition },
      },
      owner: {
        author: { group: id, app: 'bench', instance: id },
        startedAt: clock.now(),
        generation: () => null,
      },
      business: {
        fold,
        handle(order, place, signal) {
          if (handled === 0) watch.start();
          handled += 1;
          return simulated(order, place, signal);
        },
      },
      rules: {
        ...rulesOf(config),
        checkpointShare: () => CHECKPOINT_SHARE / highs.length,
      },
      ports: { reader, writer, trim: (below) => topics.trimCheckpoints(partition, below) },
      runtime: { clock, random: Math.random, logger, progress, instruments: createInstruments() },
      outlets: { onProblem: () => {}, onFailed: fail },
    }),
  );
  for (const task of tasks) task.start();
  for (;;) {
    const settled = tasks.every(
      ({ nextOffset, waiting }, partition) =>
        nextOffset === highs[partition] && Object.values(waiting).every((count) => count === 0),
    );
    if (settled) return watch.stop(total);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** kafkajs as its documentation shows it: decode with avsc, count and sum in a Map. */
async function drainWithKafkajs(each: 'batch' | 'message'): Promise<Result> {
  const total = (await highWatermarks()).reduce((sum, high) => sum + high, 0);
  const kafka = new kafkajs.Kafka({ brokers: BROKERS.split(','), logLevel: 0 });
  const consumer = kafka.consumer({ groupId: id });
  const watch = stopwatch();
  const averages = new Map<string, { count: number; sum: number }>();
  let count = 0;
  await consumer.connect();
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
  return new Promise((resolve) => {
    const handle = (value: Buffer | null) => {
      watch.start();
      const { product, price } = type.fromBuffer(value!);
      const tally = averages.get(product) ?? { count: 0, sum: 0 };
      tally.count += 1;
      tally.sum += price;
      averages.set(product, tally);
      count += 1;
      if (count === total) resolve(watch.stop(total));
    };
    void consumer.run(
      each === 'batch'
        ? {
            eachBatch: async ({ batch }) => {
              for (const { value } of batch.messages) handle(value);
            },
          }
        : { eachMessage: async ({ message }) => handle(message.value) },
    );
  });
}

const sides: Record<string, () => Promise<Result>> = {
  service: drainWithService,
  'each-batch': () => drainWithKafkajs('batch'),
  'each-message': () => drainWithKafkajs('message'),
};
const result = await sides[SIDE ?? '']!();
process.stdout.write(JSON.stringify(result), () => process.exit(0));

// `npm run bench:restart`: how long a restore takes and how long a rebalance stands in the way of
// orders, by the size of the state (`-- --partitions 3,12 --products 10,100000 …`).

import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { createAppender } from '../../server/kafka/appender.ts';
import { createKafka } from '../../server/kafka/client.ts';
import { createCluster } from '../../server/kafka/cluster.ts';
import { createFetcher } from '../../server/kafka/fetcher.ts';
import { systemClock as clock } from '../../server/log/clock.ts';
import type { LogWriter } from '../../server/log/ports.ts';
import { createProgress } from '../../server/log/progress.ts';
import { persist } from '../../server/task/persist.ts';
import { readOptions } from '../fixtures/options.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { longestPause, stretchesIn } from './activity.ts';
import type { TopicNames } from './audit.ts';
import { startProxiedBroker, type TestCluster } from './clusters.ts';
import { type Instance, startInstance } from './instances.ts';
import { orderRecord, type StateSize, writeState } from './measured-state.ts';
import { createScope } from './scope.ts';
import { until } from './until.ts';

const LOAD_EVERY_MS = 20;
const ORDERS_EACH_TIME = 4;
/** How long what follows a rebalance is watched. */
const WATCH_MS = 5000;

const usage = `Measures restores and rebalances on an Apache Kafka of its own, for each of these sizes.

  npm run bench:restart -- [options]

  --partitions N,…    (3,12)
  --products N,…      (10,1000,100000)
  --pending N,…       orders that wait, in all partitions together (0,50000)
  --dead-letters N,…  (0,1000000)
  --help, -h
`;

const values = {
  partitions: '3,12',
  products: '10,1000,100000',
  pending: '0,50000',
  'dead-letters': '0,1000000',
  ...readOptions(usage, {
    partitions: 'numbers',
    products: 'numbers',
    pending: 'numbers',
    'dead-letters': 'numbers',
  }),
};
const numbers = (text: string) => text.split(',').map(Number);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
const shared = createScope();
const cluster = await startProxiedBroker(shared);
const rows = [];
for (const partitions of numbers(values.partitions)) {
  for (const deadLetters of numbers(values['dead-letters'])) {
    for (const products of numbers(values.products)) {
      for (const pending of numbers(values.pending)) {
        const size = { partitions, products, pending, deadLetters };
        rows.push({ ...size, ...(await measure(cluster, size)) });
        console.log(JSON.stringify(rows.at(-1)));
      }
    }
  }
}
console.table(rows);
await shared.close();

type Times = {
  /** ms from the assignment until all partitions run, one instance. */
  restore: number;
  /** ms without an order while nothing happens: what this machine adds to the rest. */
  quiet: number;
  /** ms without an order when a second instance joins, and when it leaves in good order. */
  joinMoved: number;
  joinKept: number;
  leaveMoved: number;
  leaveKept: number;
};

async function measure({ brokers }: TestCluster, size: StateSize): Promise<Times> {
  const scope = createScope();
  const id = `measure-${Object.values(size).join('-')}`;
  const names: TopicNames = {
    orders: `${id}-orders`,
    deadLetters: `${id}-dlq`,
    checkpoints: `${id}-checkpoints`,
    group: id,
  };
  const client = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  scope.teardown(() => admin.disconnect());
  const settings = { brokers: [brokers], clientId: 'measure', logger: silentLogger };
  const appender = createAppender({ cluster: createCluster(createKafka(settings)) });
  scope.teardown(() => appender.close());
  const progress = createProgress(clock);
  const patient = { writer: appender, clock, random: Math.random, logger: silentLogger, progress };
  const writer: LogWriter = {
    append: async (tp, records) =>
      (await persist(patient, tp, records, new AbortController().signal)) ?? -1,
  };
  const ignored = { onState() {}, onPartition() {}, random: Math.random };
  const cluster = createCluster(createKafka(settings));
  const reader = createFetcher({ ...ignored, cluster, logger: silentLogger });
  scope.teardown(() => reader.close());
  await writeState(admin, writer, reader, names, size);

  const env = {
    KAFKA_BROKERS: brokers,
    ORDERS_TOPIC: names.orders,
    DLQ_TOPIC: names.deadLetters,
    CHECKPOINT_TOPIC: names.checkpoints,
    GROUP_ID: names.group,
    FAILURE_RATE: '0',
    RETRY_MAX_BACKOFF_MS: '86400000',
    LOG_LEVEL: 'debug',
    CHAOS_ACTIVITY: 'true',
  };
  const start = async (name: string) => {
    const instance = await startInstance(scope, name, { env }, []);
    await instance.ready();
    return instance;
  };
  try {
    const first = await start('first');
    const restore = restoreTime(first);
    const stopLoad = startLoad(writer, names.orders, size);
    const quietFrom = Date.now();
    await delay(WATCH_MS);
    const joinedAt = Date.now();
    const second = await start('second');
    await until('both to share', async () => second.partitions().length > 0);
    const moved = second.partitions();
    await delay(WATCH_MS);
    const leftAt = Date.now();
    await second.stop();
    await until('one to have all', async () => first.partitions().length === size.partitions);
    await first.ready();
    await delay(WATCH_MS);
    await stopLoad();
    const work = [first, second].flatMap(({ lines }) => stretchesIn(lines));
    const all = Array.from({ length: size.partitions }, (_, partition) => partition);
    const kept = all.filter((partition) => !moved.includes(partition));
    const longest = (partitions: readonly number[], from: number, to: number) =>
      Math.max(...partitions.map((partition) => longestPause(work, partition, { from, to })));
    return {
      restore,
      quiet: longest(all, quietFrom, joinedAt),
      joinMoved: longest(moved, joinedAt, leftAt),
      joinKept: longest(kept, joinedAt, leftAt),
      leaveMoved: longest(moved, leftAt, Date.now()),
      leaveKept: longest(kept, leftAt, Date.now()),
    };
  } finally {
    await scope.close();
    await admin.deleteTopics({ topics: Object.values(names).slice(0, 3) }).catch(() => {});
  }
}

/** A few orders to every partition, every few milliseconds; the result stops it. */
function startLoad(
  writer: LogWriter,
  topic: string,
  { partitions, products }: StateSize,
): () => Promise<void> {
  let open = true;
  let number = 0;
  const running = (async () => {
    while (open) {
      const pause = delay(LOAD_EVERY_MS);
      await Promise.all(
        Array.from({ length: partitions }, (_, partition) => {
          const records = Array.from({ length: ORDERS_EACH_TIME }, () => {
            number += 1;
            return orderRecord(number, products);
          });
          return writer.append({ topic, partition }, records);
        }),
      );
      await pause;
    }
  })();
  return async () => {
    open = false;
    await running;
  };
}

type TaskLine = { time: number; msg: string; state?: string };

function linesOf({ lines }: Instance): TaskLine[] {
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as TaskLine);
}

function restoreTime(instance: Instance): number {
  const tasks = linesOf(instance).filter(({ msg }) => msg === 'task');
  const times = (wanted: string) =>
    tasks.filter(({ state }) => state === wanted).map(({ time }) => time);
  return Math.max(...times('RUNNING')) - Math.min(...times('RESTORING'));
}

// The whole service on an Apache Kafka of its own that holds many dead letters: how soon it is ready, how
// much it takes to know them all, and what its answers over HTTP cost, in CPU time of its process.
import { Kafka, logLevel } from 'kafkajs';
import { createAppender } from '../../server/kafka/appender.ts';
import { createKafka } from '../../server/kafka/client.ts';
import { createCluster } from '../../server/kafka/cluster.ts';
import { createFetcher } from '../../server/kafka/fetcher.ts';
import { systemClock as clock } from '../../server/log/clock.ts';
import type { LogWriter } from '../../server/log/ports.ts';
import { createProgress } from '../../server/log/progress.ts';
import { persist } from '../../server/task/persist.ts';
import { startProxiedBroker } from '../chaos/clusters.ts';
import { type Instance, startInstance } from '../chaos/instances.ts';
import { writeState } from '../chaos/measured-state.ts';
import { createScope } from '../chaos/scope.ts';
import { until } from '../chaos/until.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { type Row, row } from './turns.ts';

const ROUNDS = 20;
const LONG_MS = 600_000;

type Reach = { readonly complete: boolean };

/** Rows for so many letters, beside a service that has none. */
export async function serviceRows(letters: number, partitions: number): Promise<Row[]> {
  const scope = createScope();
  process.setMaxListeners(0);
  try {
    const { brokers } = await startProxiedBroker(scope);
    const none = await started(brokers, 0, partitions);
    const many = await started(brokers, letters, partitions);
    const known = many.start - none.start;
    return [
      row('ready without a dead letter, ms', none.readyAfter, { most: 10_000 }),
      row('ready with all of them, ms', many.readyAfter, { most: none.readyAfter + 1000 }),
      row('all known, letters a CPU second', (letters / known) * 1000, { least: 300_000 }),
      row('a page over HTTP, CPU ms', many.page, { most: 20 }),
      row('groups over HTTP, CPU ms', many.groups, { most: 20 }),
      row('search over HTTP, letters a CPU second', (letters / many.search) * 1000, {
        least: 200_000,
      }),
    ];
  } finally {
    await scope.close();
  }
}

async function started(brokers: string, deadLetters: number, partitions: number) {
  const scope = createScope();
  const id = `letters-${deadLetters}`;
  const names = {
    orders: `${id}-orders`,
    deadLetters: `${id}-dlq`,
    checkpoints: `${id}-checkpoints`,
    group: id,
  };
  try {
    const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    scope.teardown(() => admin.disconnect());
    const settings = { brokers: [brokers], clientId: 'bench', logger: silentLogger };
    const kafka = createKafka(settings);
    const ignored = { onState() {}, onPartition() {}, random: Math.random };
    const appender = createAppender({ cluster: createCluster(kafka) });
    scope.teardown(() => appender.close());
    const reader = createFetcher({
      ...ignored,
      cluster: createCluster(kafka),
      logger: silentLogger,
    });
    scope.teardown(() => reader.close());
    const writer = { append: insistently(appender) };
    await writeState(admin, writer, reader, names, {
      ...{ partitions, products: 10, pending: 0, deadLetters },
    });
    const env = {
      KAFKA_BROKERS: brokers,
      ORDERS_TOPIC: names.orders,
      DLQ_TOPIC: names.deadLetters,
      CHECKPOINT_TOPIC: names.checkpoints,
      GROUP_ID: names.group,
    };
    const instance = await startInstance(scope, 'one', { env }, []);
    return await asked(instance);
  } finally {
    await scope.close();
  }
}

/** A topic that is new has no leader yet. */
function insistently(writer: LogWriter): LogWriter['append'] {
  const progress = createProgress(clock);
  const patient = { writer, clock, random: Math.random, logger: silentLogger, progress };
  const { signal } = new AbortController();
  return async (tp, records) => (await persist(patient, tp, records, signal)) ?? -1;
}

async function asked(instance: Instance) {
  const begun = performance.now();
  await instance.ready();
  const readyAfter = performance.now() - begun;
  const index = async () => (await instance.ask<{ index: Reach }>('/dlq/groups')).index;
  await until('all letters', async () => (await index()).complete, LONG_MS);
  const start = await cpuOf(instance);
  await instance.text('/dlq/search?q=there%20is%20no%20such%20text');
  const search = (await cpuOf(instance)) - start;
  /** Ms of CPU for one answer. */
  const each = async (path: string) => {
    const before = await cpuOf(instance);
    for (let round = 0; round < ROUNDS; round += 1) await instance.text(path);
    return ((await cpuOf(instance)) - before) / ROUNDS;
  };
  const page = await each('/dlq?limit=100&state=open');
  return { readyAfter, start, search, page, groups: await each('/dlq/groups') };
}

/** Ms of CPU that the service has used since it began. */
async function cpuOf(instance: Instance): Promise<number> {
  const text = await instance.text('/metrics/prometheus');
  return 1000 * Number(/^process_cpu_seconds_total\S* (\S+)/m.exec(text)?.[1]);
}

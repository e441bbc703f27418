// `npm run bench`: how fast one backlog is drained, by this service's engine and by kafkajs in its two
// ordinary ways, each in a process of its own, on the same broker, in one run. Ratios are what counts.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startKafka } from '../../server/cli/apache-kafka/broker.ts';
import { freePorts } from '../fixtures/free-port.ts';
import { readOptions } from '../fixtures/options.ts';
import { writeBacklog } from './backlog.ts';
import type { Result } from './drain.ts';
import { perfTest } from './perf-test.ts';

const run = promisify(execFile);
const drain = fileURLToPath(new URL('./drain.js', import.meta.url));

const SIDES: Record<string, Record<string, string>> = {
  'this service': { SIDE: 'service', FAILURE_RATE: '0' },
  'without checkpoints': { SIDE: 'service', FAILURE_RATE: '0', CHECKPOINT_INTERVAL_MS: '60000' },
  'with 10 % failures': { SIDE: 'service', FAILURE_RATE: '0.1' },
  'kafkajs eachBatch + avsc': { SIDE: 'each-batch' },
  'kafkajs eachMessage + avsc': { SIDE: 'each-message' },
};

const PERF_TEST = 'kafka-consumer-perf-test';

const values = {
  orders: '1000000',
  partitions: '3',
  products: '4',
  rounds: '1',
  ...readOptions(
    `npm run bench -- [--orders N] [--partitions N] [--products N] [--rounds N]
                [--brokers HOST:PORT] [--sides NAME,NAME] [--peers]   sides: ${Object.keys(SIDES).join(', ')}
--peers lets ${PERF_TEST} drain it too. Without --brokers it starts an Apache Kafka of its own, which takes Java 17 and Maven.`,
    {
      orders: 'number',
      partitions: 'number',
      products: 'number',
      rounds: 'number',
      brokers: 'text',
      sides: 'text',
      peers: 'flag',
    },
  ),
};

async function main(): Promise<void> {
  const broker = values.brokers === undefined ? await ownBroker() : null;
  const brokers = values.brokers ?? broker!.brokers;
  try {
    const own = values.sides?.split(',') ?? Object.keys(SIDES);
    const names = values.peers === undefined ? own : [...own, PERF_TEST];
    const topic = `bench-${Date.now()}`;
    const orders = Number(values.orders);
    const backlog = { brokers, topic, orders, partitions: Number(values.partitions) };
    await writeBacklog({ ...backlog, products: Number(values.products) });
    console.log(
      `${orders.toLocaleString('en')} orders, ${values.partitions} partitions, ${values.products} products\n`,
    );
    const results = new Map<string, Result[]>(names.map((name) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const name of names) {
        if (name === PERF_TEST) {
          results.get(name)!.push(await perfTest(brokers, topic, orders));
          continue;
        }
        const env = { ...process.env, ...SIDES[name], BROKERS: brokers, TOPIC: topic };
        const { stdout } = await run(process.execPath, [drain], { env });
        results.get(name)!.push(JSON.parse(stdout) as Result);
      }
    }
    report(results);
  } finally {
    await broker?.end();
  }
}

async function ownBroker() {
  const directory = await mkdtemp(join(tmpdir(), 'bench-kafka-'));
  const [port, controllerPort] = (await freePorts(2)) as [number, number];
  const kafka = await startKafka({ port, controllerPort, directory });
  return {
    brokers: kafka.brokers,
    async end() {
      await kafka.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

/** The median, rounded; nothing when one of them is not known. */
function shown(numbers: readonly (number | null)[]): string {
  const known = numbers.filter((each) => each !== null);
  return known.length < numbers.length ? '' : Math.round(median(known)).toLocaleString('en');
}

/** Orders per second and CPU second, memory, and how many times as fast as each way of kafkajs. */
function report(results: ReadonlyMap<string, readonly Result[]>): void {
  const rate = (name: string) =>
    median((results.get(name) ?? []).map(({ orders, seconds }) => orders / seconds));
  const rows = [...results].map(([name, runs]) => {
    const ratio = (other: string) =>
      results.has(other) ? (rate(name) / rate(other)).toFixed(2) : '';
    return {
      side: name,
      'orders/s': Math.round(rate(name)).toLocaleString('en'),
      'per CPU second': shown(
        runs.map(({ orders, cpuSeconds }) => cpuSeconds && orders / cpuSeconds),
      ),
      'RSS MB': shown(runs.map(({ rssBytes }) => rssBytes && rssBytes / 2 ** 20)),
      'loop delay p99/max ms': runs[0]!.loopDelayMs?.map((ms) => ms.toFixed(1)).join(' / ') ?? '',
      'x eachMessage': ratio('kafkajs eachMessage + avsc'),
      'x eachBatch': ratio('kafkajs eachBatch + avsc'),
      'x perf-test': ratio(PERF_TEST),
    };
  });
  console.table(rows);
}

await main();

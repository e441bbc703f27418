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

const run = promisify(execFile);
const drain = fileURLToPath(new URL('./drain.js', import.meta.url));

const SIDES: Record<string, Record<string, string>> = {
  'this service': { SIDE: 'service', FAILURE_RATE: '0' },
  'without checkpoints': { SIDE: 'service', FAILURE_RATE: '0', CHECKPOINT_INTERVAL_MS: '60000' },
  'with 10 % failures': { SIDE: 'service', FAILURE_RATE: '0.1' },
  'kafkajs eachBatch + avsc': { SIDE: 'each-batch' },
  'kafkajs eachMessage + avsc': { SIDE: 'each-message' },
};

const values = {
  orders: '1000000',
  partitions: '3',
  products: '4',
  rounds: '1',
  ...readOptions(
    `npm run bench -- [--orders N] [--partitions N] [--products N] [--rounds N]
                [--brokers HOST:PORT] [--sides NAME,NAME]   sides: ${Object.keys(SIDES).join(', ')}
Without --brokers it starts an Apache Kafka of its own, which takes Java 17 and Maven.`,
    {
      orders: 'number',
      partitions: 'number',
      products: 'number',
      rounds: 'number',
      brokers: 'text',
      sides: 'text',
    },
  ),
};

async function main(): Promise<void> {
  const broker = values.brokers === undefined ? await ownBroker() : null;
  const brokers = values.brokers ?? broker!.brokers;
  try {
    const names = values.sides?.split(',') ?? Object.keys(SIDES);
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
      'per CPU second': Math.round(
        median(runs.map(({ orders, cpuSeconds }) => orders / cpuSeconds)),
      ).toLocaleString('en'),
      'RSS MB': Math.round(median(runs.map(({ rssBytes }) => rssBytes)) / 2 ** 20),
      'loop delay p99/max ms': runs[0]!.loopDelayMs.map((ms) => ms.toFixed(1)).join(' / '),
      'x eachMessage': ratio('kafkajs eachMessage + avsc'),
      'x eachBatch': ratio('kafkajs eachBatch + avsc'),
    };
  });
  console.table(rows);
}

await main();

// `npm run bench`: how fast one backlog is drained, by this service's engine and by others, each in a
// process of its own, on the same broker, in one run. Ratios are what counts.
import { readOptions } from '../fixtures/options.ts';
import { type Backlog, writeBacklog } from './backlog.ts';
import type { Result } from './drain.ts';
import { withKafka } from './own-kafka.ts';
import { PEERS, PERF_TEST, STREAMS } from './peers.ts';
import { median, rateOf, runSide, shown } from './side.ts';

const SERVICE = 'this service';
const UNWRITTEN = 'without checkpoints';
const SIDES: Record<string, Record<string, string>> = {
  [SERVICE]: { SIDE: 'service', FAILURE_RATE: '0' },
  [UNWRITTEN]: { SIDE: 'service', FAILURE_RATE: '0', CHECKPOINT_INTERVAL_MS: '60000' },
  'with 10 % failures': { SIDE: 'service', FAILURE_RATE: '0.1', RETRY_BACKOFF_MS: '50' },
  'kafkajs eachBatch + avsc': { SIDE: 'each-batch' },
  'kafkajs eachMessage + avsc': { SIDE: 'each-message' },
};

/** What each side is held against, by the title of its column. */
const AGAINST: Record<string, string> = {
  'x eachMessage': 'kafkajs eachMessage + avsc',
  'x eachBatch': 'kafkajs eachBatch + avsc',
  'x perf-test': PERF_TEST,
  'x Streams': STREAMS,
  'x unwritten': UNWRITTEN,
};

/** The sizes of each table; what is given on the command line stands over them. */
const TABLES: Record<string, Record<string, string>> = {
  sides: { sides: Object.keys(SIDES).join(',') },
  checkpoints: {
    ...{ sides: `${UNWRITTEN},${SERVICE}`, products: '4,1000,100000' },
    ...{ orders: '4000000', rounds: '3' },
  },
  batches: {
    ...{ sides: SERVICE, partitions: '12,48', batch: '1,10,100' },
    ...{ orders: '200000', codecs: 'none,gzip,snappy,lz4,zstd' },
  },
};

const given = readOptions(
  `npm run bench -- [--orders N] [--partitions N,…] [--products N,…] [--batch N,…] [--codecs NAME,…]
                [--rounds N] [--brokers HOST:PORT] [--sides NAME,…] [--peers]
npm run bench:checkpoints and npm run bench:batches are the same with other sizes (--table NAME).
Sides: ${Object.keys(SIDES).join(', ')}; --peers adds ${Object.keys(PEERS).join(', ')}.
Without --brokers it starts an Apache Kafka of its own, which takes Java 17 and Maven; codecs other than
gzip take kcat.`,
  {
    ...{ table: 'text', orders: 'number', partitions: 'numbers', products: 'numbers' },
    ...{ batch: 'numbers', codecs: 'text', rounds: 'number', brokers: 'text', sides: 'text' },
    peers: 'flag',
  } as const,
);
const values: Record<string, string> = {
  ...{ orders: '1000000', partitions: '3', products: '4', batch: '2000', codecs: 'none' },
  rounds: '1',
  ...TABLES[given.table ?? 'sides'],
  ...given,
};
const list = (name: string) => (values[name] ?? '').split(',');
const sides = [...list('sides'), ...('peers' in values ? Object.keys(PEERS) : [])];

/** Every combination of the sizes. */
function cases(): Omit<Backlog, 'topic'>[] {
  const orders = Number(values.orders);
  return list('partitions').flatMap((partitions) =>
    list('products').flatMap((products) =>
      list('codecs').flatMap((codec) =>
        list('batch').map((batch) => ({
          ...{ orders, codec, partitions: Number(partitions) },
          ...{ products: Number(products), batch: Number(batch) },
        })),
      ),
    ),
  );
}

async function measure(brokers: string, size: Omit<Backlog, 'topic'>, number: number) {
  const topic = `bench-${Date.now()}-${number}`;
  await writeBacklog(brokers, { ...size, topic });
  const results = new Map<string, Result[]>(sides.map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const name of sides) results.get(name)!.push(await drain(name, brokers, topic));
  }
  return [...results].map(([side, rounds]) => rowOf(side, rounds, results));
}

function drain(name: string, brokers: string, topic: string): Promise<Result> {
  const peer = PEERS[name];
  if (peer !== undefined) return peer({ brokers, topic, orders: Number(values.orders) });
  const side = SIDES[name];
  if (side === undefined) throw new Error(`no side is called "${name}"`);
  return runSide<Result>('drain', { ...side, BROKERS: brokers, TOPIC: topic });
}

/** Orders per second and CPU second, memory, and how many times as fast as each of the others. */
function rowOf(side: string, rounds: readonly Result[], all: ReadonlyMap<string, Result[]>) {
  const ratios = Object.entries(AGAINST).flatMap(([title, other]) => {
    const against = all.get(other);
    return against === undefined || all.size === 1
      ? []
      : [[title, (rateOf(rounds) / rateOf(against)).toFixed(2)]];
  });
  const delays = rounds.map(({ loopDelayMs }) => loopDelayMs);
  const delay = (which: 0 | 1) => median(delays.map((each) => each![which])).toFixed(1);
  return {
    side,
    'orders/s': Math.round(rateOf(rounds)).toLocaleString('en'),
    'per CPU second': shown(
      rounds.map(({ orders, cpuSeconds }) => cpuSeconds && orders / cpuSeconds),
    ),
    'RSS MB': shown(rounds.map(({ rssBytes }) => rssBytes && rssBytes / 2 ** 20)),
    'loop delay p99/max ms': delays.includes(null) ? '' : `${delay(0)} / ${delay(1)}`,
    ...Object.fromEntries(ratios),
  };
}

await withKafka(values.brokers, async (brokers) => {
  const sizes = cases();
  const rows = [];
  for (const [number, size] of sizes.entries()) {
    const { orders, ...shown } = size;
    const words = `${shown.partitions} partitions, ${shown.products} products, ${shown.batch} a batch`;
    console.log(`${orders.toLocaleString('en')} orders, ${words}, codec ${shown.codec}`);
    const measured = await measure(brokers, size, number);
    if (sizes.length === 1) rows.push(...measured);
    else rows.push(...measured.map((row) => ({ ...shown, ...row })));
  }
  console.table(rows);
});

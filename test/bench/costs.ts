// `npm run bench:costs`: what failures and checkpoints cost beside the orders themselves, without a broker. All
// sides take turns in one process, so that whatever else goes on meets all of them.
import { readOptions } from '../fixtures/options.ts';
import { type DrainOptions, drainMemory, median, memoryBacklog } from './drain-memory.ts';

const values = {
  orders: '1000000',
  rounds: '5',
  ...readOptions('npm run bench:costs -- [--orders N] [--rounds N]', {
    orders: 'number',
    rounds: 'number',
  }),
};
const orders = Math.max(1, Number(values.orders));
const rounds = Math.max(1, Number(values.rounds));
const SELDOM_MS = 600_000;

const plain: DrainOptions = { orders, failureRate: 0, checkpointIntervalMs: 100 };
const SIDES: Record<string, DrainOptions> = {
  'orders alone, no checkpoints': { ...plain, checkpointIntervalMs: SELDOM_MS },
  'checkpoints every 100 ms': plain,
  '10 % failures, backoff 50 ms': { ...plain, failureRate: 0.1 },
};

/** Medians of each side, in ns of CPU for an order; `kept` is the throughput beside the first side's. */
async function measure(products: number): Promise<void> {
  const memory = memoryBacklog(orders, products);
  const costs = new Map<string, number[]>(Object.keys(SIDES).map((name) => [name, []]));
  // The first round is the compiler's.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, options] of Object.entries(SIDES)) {
      const cost = await drainMemory(memory, options);
      if (round > 0) costs.get(name)!.push(cost);
    }
  }
  const [first] = costs.values();
  console.log(`\n${orders.toLocaleString('en')} orders, ${products.toLocaleString('en')} products`);
  console.table(
    [...costs].map(([side, each]) => ({
      side,
      'ns of CPU, median': Math.round(median(each)),
      least: Math.round(Math.min(...each)),
      'kept %': Math.round((100 * median(first!)) / median(each)),
    })),
  );
}

for (const products of [4, 1000, 100_000]) await measure(products);

// `npm run bench:engine`: what one record costs from its batch to its count, without a broker. CPU time, so
// that a busy machine matters less.
import { readOptions } from '../fixtures/options.ts';
import { drainMemory, median, memoryBacklog } from './drain-memory.ts';

const values = {
  orders: '1000000',
  products: '100',
  rounds: '7',
  failures: '0',
  ...readOptions(
    `npm run bench:engine -- [--orders N] [--products N] [--rounds N]
                       [--failures PERCENT]   of the attempts, each tried again after 50 ms`,
    { orders: 'number', products: 'number', rounds: 'number', failures: 'number' },
  ),
};
const orders = Math.max(1, Number(values.orders));
const products = Math.max(1, Number(values.products));
const rounds = Math.max(1, Number(values.rounds));
const failureRate = Math.min(99, Number(values.failures)) / 100;

async function main(): Promise<void> {
  const memory = memoryBacklog(orders, products);
  const options = { orders, failureRate, checkpointIntervalMs: 100 };
  // The first round is the compiler's.
  await drainMemory(memory, options);
  const costs: number[] = [];
  for (let round = 0; round < rounds; round += 1) costs.push(await drainMemory(memory, options));
  console.table([
    {
      orders: orders.toLocaleString('en'),
      products,
      'failures %': failureRate * 100,
      'ns of CPU, median': Math.round(median(costs)),
      least: Math.round(Math.min(...costs)),
    },
  ]);
}

await main();

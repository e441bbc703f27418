// `npm run bench:engine`: what one record costs from its batch to its count, without a broker: record
// set, walk, decoding, handler, ledger. CPU time, so that a busy machine matters less.
import { systemClock } from '../../server/log/clock.ts';
import { createProgress } from '../../server/log/progress.ts';
import { createOrderFold } from '../../server/orders/order-fold.ts';
import { createOrderHandler } from '../../server/orders/order-handler.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { createPartitionTask } from '../../server/task/partition-task.ts';
import { type MemoryLogs, memoryLogs } from '../fixtures/memory-log.ts';
import { readOptions } from '../fixtures/options.ts';
import { inGroups } from '../fixtures/orders.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import { taskLogs } from '../fixtures/task.ts';

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
const BATCH = 2000;
const orders = Math.max(1, Number(values.orders));
const products = Math.max(1, Number(values.products));
const rounds = Math.max(1, Number(values.rounds));
const failureRate = Math.min(99, Number(values.failures)) / 100;
const fold = createOrderFold({ maxProducts: products, maxBytes: Number.POSITIVE_INFINITY });

/** Logs that hold the orders. */
function backlog(): MemoryLogs {
  const memory = memoryLogs();
  for (let first = 0; first < orders; first += BATCH) {
    const records = Array.from({ length: Math.min(BATCH, orders - first) }, (_, i) => {
      const number = first + i;
      const value = encodeSomeOrder({
        orderId: String(100_000 + (number % 900_000)),
        product: `Item${(number * 7919) % products}`,
        price: (number % 5000) / 10,
      });
      return { timestamp: 1, key: null, value, headers: [] };
    });
    memory.appendBatch(taskLogs.orders, encodeBatch(records));
  }
  return memory;
}

/** CPU nanoseconds of a task for each order, from its start until the last one is counted. */
async function drain(memory: MemoryLogs): Promise<number> {
  const simulate = createOrderHandler(failureRate, Math.random);
  let begin = process.cpuUsage();
  const task = await new Promise<ReturnType<typeof createPartitionTask>>((resolve, reject) => {
    let left = orders;
    const task = createPartitionTask(
      inGroups({
        logs: taskLogs,
        author: { group: 'g', app: 'bench', instance: 'i1' },
        startedAt: systemClock.now(),
        generation: () => 1,
        reader: memory.reader,
        // What it writes is not kept: each round finds the logs as the first one did.
        writer: { append: async () => 0 },
        trim: async () => {},
        handle(order, place, signal) {
          simulate(order, place, signal);
          left -= 1;
          if (left === 0) resolve(task);
        },
        policy: { maxRetries: 1e9, backoffMs: 50, maxBackoffMs: 30_000 },
        fold,
        ordering: 'none',
        limits: { maxPending: 1e5, maxPendingBytes: 1e8, concurrency: 64, timeoutMs: 30_000 },
        checkpointIntervalMs: 100,
        checkpointShare: () => 0.02,
        clock: systemClock,
        random: Math.random,
        logger: silentLogger,
        progress: createProgress(systemClock),
        onProblem: () => {},
        onFailed: reject,
      }),
    );
    begin = process.cpuUsage();
    task.start();
  });
  const { user, system } = process.cpuUsage(begin);
  await task.close();
  return ((user + system) * 1000) / orders;
}

async function main(): Promise<void> {
  const memory = backlog();
  // The first round is the compiler's.
  await drain(memory);
  const costs: number[] = [];
  for (let round = 0; round < rounds; round += 1) costs.push(await drain(memory));
  costs.sort((a, b) => a - b);
  console.table([
    {
      orders: orders.toLocaleString('en'),
      products,
      'failures %': failureRate * 100,
      'ns of CPU, median': Math.round(costs[costs.length >> 1]!),
      least: Math.round(costs[0]!),
    },
  ]);
}

await main();

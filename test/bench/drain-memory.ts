// Drains orders in memory, without a broker: record set, walk, decoding, handler, ledger, checkpoints.
import { systemClock } from '../../server/log/clock.ts';
import { createProgress } from '../../server/log/progress.ts';
import { createOrderFold } from '../../server/orders/order-fold.ts';
import { createOrderHandler } from '../../server/orders/order-handler.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { createPartitionTask } from '../../server/task/partition-task.ts';
import { type MemoryLogs, memoryLogs } from '../fixtures/memory-log.ts';
import { inGroups } from '../fixtures/orders.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';
import { taskLogs } from '../fixtures/task.ts';

const BATCH = 2000;

/** Logs that hold so many orders of so many products. */
export function memoryBacklog(orders: number, products: number): MemoryLogs {
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

export type DrainOptions = {
  readonly orders: number;
  /** Of the attempts, from 0 to below 1; each is tried again after up to 50 ms. */
  readonly failureRate: number;
  readonly checkpointIntervalMs: number;
};

/** CPU nanoseconds of a task for each order, from its start until the last one is counted. */
export async function drainMemory(
  memory: MemoryLogs,
  { orders, failureRate, checkpointIntervalMs }: DrainOptions,
): Promise<number> {
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
          const failed = simulate(order, place, signal);
          if (failed !== undefined) return failed;
          left -= 1;
          if (left === 0) resolve(task);
          return undefined;
        },
        policy: { maxRetries: 1e9, backoffMs: 50, maxBackoffMs: 30_000 },
        fold: createOrderFold({ maxProducts: 1e6, maxBytes: Number.POSITIVE_INFINITY }),
        ordering: 'none',
        limits: { maxPending: 1e5, maxPendingBytes: 1e8, concurrency: 64, timeoutMs: 30_000 },
        checkpointIntervalMs,
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

/** The middle one. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}

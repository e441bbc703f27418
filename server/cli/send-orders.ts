// The generator at work: takes orders from the sequence at the wanted pace and sends them in batches.
import type { GeneratedOrder } from '../orders/order-generator.ts';

/** How fast: a steady number per second, as fast as possible, or one every 1 to 2 s. */
export type Pace = number | 'full' | 'leisurely';

/** What a run needs; time, randomness and the network are handed in. */
export type Run = {
  readonly orders: { next(): GeneratedOrder };
  readonly send: (orders: readonly GeneratedOrder[]) => Promise<void>;
  readonly pace: Pace;
  /** Ends the run; Infinity for one that only `signal` ends. */
  readonly count: number;
  /** Told about every batch that Kafka has taken. */
  readonly sent: (orders: readonly GeneratedOrder[]) => void;
  /** Ends the run after what is under way. */
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly random: () => number;
  /** Resolves after `ms`, or at once when the signal is given. */
  readonly sleep: (ms: number) => Promise<void>;
};

// Beyond these a batch only makes everybody wait; Kafka refuses more than 1 MB.
const maxOrders = 5000;
const maxBytes = 512 * 1024;
const recordOverhead = 32;

// With several batches under way one is encoded while Kafka writes the others.
const lanes = 3;

// At a high rate, how often a batch is sent.
const tick = 50;

/** Sends until `count` is reached or the signal is given; rejects when Kafka refuses a batch. */
export async function sendOrders(run: Run): Promise<void> {
  const { pace, signal } = run;
  const due = createSchedule(run);
  let taken = 0;
  let failed = false;

  const lane = async () => {
    while (!signal.aborted && !failed && taken < run.count) {
      const { ready, wait } = due(taken);
      const room = Math.min(ready, run.count - taken);
      if (room === 0) {
        await run.sleep(wait);
        continue;
      }
      const batch = takeBatch(run.orders, room);
      taken += batch.length;
      await run.send(batch);
      run.sent(batch);
    }
  };
  const guarded = () =>
    lane().catch((error: unknown) => {
      failed = true;
      throw error;
    });
  await Promise.all(Array.from({ length: pace === 'full' ? lanes : 1 }, guarded));
}

type Due = { readonly ready: number; readonly wait: number };

// How many orders may be sent now, and if none, how long to wait.
function createSchedule({ pace, now, random }: Run): (taken: number) => Due {
  if (pace === 'full') return () => ({ ready: Number.POSITIVE_INFINITY, wait: 0 });
  if (pace === 'leisurely') {
    let next = now();
    return () => {
      const wait = next - now();
      if (wait > 0) return { ready: 0, wait };
      next = now() + 1000 + random() * 1000;
      return { ready: 1, wait: 0 };
    };
  }
  const start = now();
  return (taken) => {
    const elapsed = now() - start;
    const ready = Math.floor((elapsed * pace) / 1000) + 1 - taken;
    return { ready: Math.max(ready, 0), wait: Math.max((taken * 1000) / pace - elapsed, tick) };
  };
}

function takeBatch(orders: Run['orders'], room: number): GeneratedOrder[] {
  const batch: GeneratedOrder[] = [];
  for (let bytes = 0; bytes < maxBytes && batch.length < Math.min(room, maxOrders); ) {
    const order = orders.next();
    bytes += recordOverhead + order.key.length + (order.value?.length ?? 0);
    batch.push(order);
  }
  return batch;
}

// Orders and failures for who learns, on the embedded broker only: what happens then is seen on the page.
import { TransientError } from '../errors.ts';
import type { Teach } from '../http/routes/teach.ts';
import { type Clock, delay } from '../log/clock.ts';
import type { LogReader, LogWriter } from '../log/ports.ts';
import type { Order } from '../orders/order.ts';
import { createOrderGenerator, type GeneratedOrder, reasons } from '../orders/order-generator.ts';
import type { Handle } from '../task/calls.ts';

const SAMPLES = 20;
const PRODUCTS = 5;
const FAIL_FOR_MS = 10_000;
const FAILURE_RATE = 0.3;
const STOP_FOR_MS = 5000;

/** Lessons, the handler that they can make fail, and the reader that they can stop. `partitions`: how many the topic of orders has, 0 if not known. */
export function createTeach(deps: {
  writer: Pick<LogWriter, 'append'>;
  topic: string;
  partitions: () => number;
  clock: Pick<Clock, 'now' | 'monotonic' | 'after'>;
  random: () => number;
}): Teach & {
  failing(handle: Handle<Order>): Handle<Order>;
  stopping(reader: LogReader): LogReader;
} {
  const { writer, topic, partitions, clock, random } = deps;
  let failUntil = Number.NEGATIVE_INFINITY;
  let stopUntil = Number.NEGATIVE_INFINITY;

  async function send(orders: readonly GeneratedOrder[]): Promise<number> {
    const count = partitions();
    if (count === 0) throw new TransientError('the topic of orders is not known yet');
    const timestamp = clock.now();
    const shares = Array.from({ length: count }, (_, partition) =>
      orders.filter((_order, n) => n % count === partition),
    );
    const appends = shares.map((share, partition) => {
      const records = share.map(({ key, value }) => ({ timestamp, key, value, headers: [] }));
      return records.length === 0 ? 0 : writer.append({ topic, partition }, records);
    });
    await Promise.all(appends);
    return orders.length;
  }

  const generator = (badRatio: number) =>
    createOrderGenerator({ seed: Math.floor(random() * 2 ** 32), products: PRODUCTS, badRatio });

  return {
    samples() {
      const { next } = generator(0);
      return send(Array.from({ length: SAMPLES }, next));
    },
    bad() {
      const { next } = generator(1);
      const found = new Map<unknown, GeneratedOrder>();
      while (found.size < reasons.length) {
        const order = next();
        found.set(order.reason, order);
      }
      return send([...found.values()]);
    },
    fail() {
      failUntil = clock.monotonic() + FAIL_FOR_MS;
    },
    stop() {
      stopUntil = clock.monotonic() + STOP_FOR_MS;
    },
    failing: (handle) => (value, place, signal) => {
      if (clock.monotonic() < failUntil && random() < FAILURE_RATE) {
        throw new TransientError('fails for ten seconds, because somebody asked for it');
      }
      return handle(value, place, signal);
    },
    stopping: (reader) => ({
      ...reader,
      follow(tp, from, follower) {
        if (tp.topic !== topic) return reader.follow(tp, from, follower);
        let isOpen = true;
        const subscription = reader.follow(tp, from, {
          ...follower,
          async records(set) {
            const left = stopUntil - clock.monotonic();
            if (left > 0) await delay(clock, left);
            if (isOpen) await follower.records(set);
          },
        });
        return {
          close() {
            isOpen = false;
            subscription.close();
          },
        };
      },
    }),
  };
}

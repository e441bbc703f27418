// A registry at its worst: what a value means is known at once, later, or after long.
import type { Fold } from '../../server/log/fold.ts';
import { Unready } from '../../server/log/unready.ts';
import type { Order } from '../../server/orders/order.ts';
import type { OrderState } from '../../server/orders/order-fold.ts';
import type { Host, Scheduler } from './scheduler.ts';

/** The fold of a task on `host` that has to ask for some values before it can decode them. */
export function askFirst(
  fold: Fold<Order, OrderState>,
  host: Host,
  { pick, later }: Scheduler,
): Fold<Order, OrderState> {
  const known = new Set<string>();
  const asked = new Map<string, Unready>();
  return {
    ...fold,
    decode(bytes, start, end) {
      const value = start < 0 ? '' : bytes.toString('latin1', start, end);
      if (known.has(value)) return fold.decode(bytes, start, end);
      const before = asked.get(value);
      if (before !== undefined) return before;
      if (pick(3) > 0) {
        known.add(value);
        return fold.decode(bytes, start, end);
      }
      const answered = new Promise<void>((resolve) => {
        const end = () => {
          known.add(value);
          asked.delete(value);
          resolve();
        };
        later(host, end, pick(60));
      });
      const unready = new Unready(answered);
      asked.set(value, unready);
      return unready;
    },
  };
}

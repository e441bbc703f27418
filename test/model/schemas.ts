// A registry at its worst: what a value means is known at once, later, after long, or for a while not at all.
import { Fault } from '../../server/log/fault.ts';
import type { Fold } from '../../server/log/fold.ts';
import { Unready } from '../../server/log/unready.ts';
import type { Order } from '../../server/orders/order.ts';
import type { OrderState } from '../../server/orders/order-fold.ts';
import { REASONS } from '../../server/orders/reasons.ts';
import type { Host, Scheduler } from './scheduler.ts';

/**
 * The fold of a task on `host` that has to ask for some values before it can decode them, and is told of some
 * that nobody knows their schema.
 */
export function askFirst(
  fold: Fold<Order, OrderState>,
  host: Host,
  { pick, later }: Scheduler,
): Fold<Order, OrderState> {
  const known = new Set<string>();
  const absent = new Set<string>();
  const asked = new Map<string, Unready>();

  /** Will be known, or not: then it is asked for again after a while. */
  function ask(value: string, mayBeAbsent: boolean): Unready {
    const before = asked.get(value);
    if (before !== undefined) return before;
    const answered = new Promise<void>((resolve) => {
      const end = () => {
        asked.delete(value);
        if (mayBeAbsent && pick(4) === 0) {
          absent.add(value);
          later(host, () => absent.delete(value), pick(2000));
        } else {
          known.add(value);
        }
        resolve();
      };
      later(host, end, pick(60));
    });
    const unready = new Unready(answered);
    asked.set(value, unready);
    return unready;
  }

  return {
    ...fold,
    decode(bytes, start, end) {
      const value = start < 0 ? '' : bytes.toString('latin1', start, end);
      if (!known.has(value) && absent.has(value)) {
        return new Fault(REASONS.SCHEMA_UNKNOWN, 'not there', () => ask(value, false));
      }
      if (known.has(value) || (!asked.has(value) && pick(3) > 0)) {
        known.add(value);
        return fold.decode(bytes, start, end);
      }
      return ask(value, true);
    },
  };
}

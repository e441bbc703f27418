// Business logic at its worst: how an order ends differs from attempt to attempt and from process to
// process.
import { PermanentError, TransientError } from '../../server/errors.ts';
import type { OrderHandler } from '../../server/orders/order-handler.ts';
import type { Host, Scheduler } from './scheduler.ts';

/** Kinds of orders, by the beginning of their id; `wild` ones end in any way, at once or later. */
export type Kind = 'good' | 'busy' | 'never' | 'wild';

/** What a programmer may do: the task stops. */
export class Mistake extends TypeError {}

/** A handler for the tasks of `host`; mistakes, which stop a task, are made as long as `mayErr`. */
export function createHandler(
  host: Host,
  { pick, later }: Scheduler,
  mayErr: () => boolean,
): OrderHandler {
  function wild(): void {
    const luck = pick(12);
    if (luck < 4) throw new TransientError('busy');
    if (luck < 6) throw new PermanentError('never');
    if (luck === 6 && mayErr()) throw new Mistake('a mistake');
  }

  return ({ orderId }) => {
    if (orderId.startsWith('busy')) throw new TransientError('busy');
    if (orderId.startsWith('never')) throw new PermanentError('never');
    if (orderId.startsWith('good')) return undefined;
    if (pick(2) === 0) return wild();
    return new Promise<void>((resolve) => later(host, resolve, pick(30))).then(wild);
  };
}

// One attempt at one order: decode, validate, handle. What follows is order-processor.ts.
import { decodeOrder, isFault, type Order, type OrderFault } from '../orders/order.ts';
import type { OrderHandler, Place } from '../orders/order-handler.ts';

/** Why an order was not handled: its bytes are no order, or its handler threw `error`. */
export class Unhandled {
  readonly fault: OrderFault | null;
  readonly error: unknown;
  constructor(fault: OrderFault | null, error: unknown) {
    this.fault = fault;
    this.error = error;
  }
}

/** The handled order, or why it was not; a promise when the handler returned one. */
export type Outcome = Order | Unhandled;

export type OrderAttempt = (
  bytes: Buffer,
  start: number,
  end: number,
  place: Place,
) => Outcome | Promise<Outcome>;

/** Attempts with a handler; `refuse` may turn down a valid order. */
export function createOrderAttempt(deps: {
  handle: OrderHandler;
  refuse: (order: Order) => OrderFault | null;
}): OrderAttempt {
  const { handle, refuse } = deps;
  return (bytes, start, end, place) => {
    const order = decodeOrder(bytes, start, end);
    if (isFault(order)) return new Unhandled(order, null);
    const fault = refuse(order);
    if (fault !== null) return new Unhandled(fault, null);
    try {
      const handled: unknown = handle(order, place);
      return isThenable(handled) ? settled(handled, order) : order;
    } catch (error) {
      return new Unhandled(null, error);
    }
  };
}

/** Promises of other libraries and other realms are no instances of ours. */
function isThenable(handled: unknown): handled is PromiseLike<unknown> {
  if (handled === null || (typeof handled !== 'object' && typeof handled !== 'function')) {
    return false;
  }
  return typeof (handled as { then?: unknown }).then === 'function';
}

async function settled(handled: PromiseLike<unknown>, order: Order): Promise<Outcome> {
  try {
    await handled;
    return order;
  } catch (error) {
    return new Unhandled(null, error);
  }
}

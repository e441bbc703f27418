// The place for business logic. Today it fails now and then, on purpose, to show retries.
import { TransientError } from '../errors.ts';
import type { Handle } from '../task/calls.ts';
import type { Order } from './order.ts';

/** See task/calls.ts for what it is given, and task/failure.ts for what its failures mean. */
export type OrderHandler = Handle<Order>;

/** A handler that fails at random: `failureRate` is the share of attempts, `random` is in [0, 1). */
export function createOrderHandler(failureRate: number, random: () => number): OrderHandler {
  // One for all: what a new one costs is its stack, which says nothing here.
  const failure = new TransientError('simulated transient failure');
  // Returned, which costs less than to throw it.
  return () => (random() < failureRate ? failure : undefined);
}

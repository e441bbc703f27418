// The place for business logic. Today it fails now and then, on purpose, to show retries.

import { TransientError } from '../errors.ts';
import type { Order } from './order.ts';

/** Where an order stands: an idempotency key, because an order may be handled more than once. */
export type Place = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** 1 for the first try. */
  readonly attempt: number;
};

/**
 * Handles one order; done when it returns, or when the promise, of whatever library, that it returns
 * resolves. What it throws decides: a
 * TransientError or an unknown error is tried again with backoff, a PermanentError makes the order a
 * dead letter, a TypeError and its like stop the partition.
 */
export type OrderHandler = (order: Order, place: Place) => void | PromiseLike<void>;

/** A handler that fails at random: `failureRate` is the share of attempts, `random` is in [0, 1). */
export function createOrderHandler(failureRate: number, random: () => number): OrderHandler {
  // One for all: what a new one costs is its stack, which says nothing here.
  const failure = new TransientError('simulated transient failure');
  return () => {
    if (random() < failureRate) throw failure;
  };
}

// One order from its arrival to its end: counted, or retried until it is, or dead-lettered.

import { describe, isProgrammerError } from '../errors.ts';
import { clip } from '../log/clip.ts';
import type { Clock } from '../log/clock.ts';
import { causeOfFault, type DeadLetterCause } from '../log/dead-letter.ts';
import type { TopicPartition } from '../log/ports.ts';
import { flawOf, type Order, type OrderFault, productLimitFault } from '../orders/order.ts';
import type { OrderHandler } from '../orders/order-handler.ts';
import type { RecordCursor } from '../record-batch/reader.ts';
import { storedValue } from '../record-batch/record-parts.ts';
import { createOrderAttempt, type Outcome, Unhandled } from './attempt.ts';
import type { Ledger } from './ledger.ts';
import { exhaustedBefore, type PendingOrder, pendingOrder } from './pending.ts';
import { decide, type RetryPolicy } from './retry-policy.ts';
import { createRetryQueue } from './retry-queue.ts';

export type Limits = {
  readonly maxPending: number;
  readonly maxPendingBytes: number;
  readonly maxProducts: number;
  /** What the products may take of an encoded checkpoint. */
  readonly maxProductBytes: number;
};

export type OrderProcessor = {
  /** Takes the record under the cursor, which stands at N or above; a promise when there is no room for more. */
  process(cursor: RecordCursor): undefined | Promise<void>;
  /** Goes on with the orders a restore found pending. */
  resume(): void;
  /** A pending order ended without us: its dead letter was read. */
  ended(order: PendingOrder): void;
  /** Attempts after a first one, ever. */
  readonly retries: number;
  close(): void;
};

const MAX_ERROR_TEXT = 200;
/** Bytes of a product in a checkpoint beside its name, at most. */
const TALLY_BYTES = 30;

/** A processor that keeps its books in `ledger`. `onFailed` hears of a programmer's error in a later attempt. */
export function createOrderProcessor(deps: {
  source: TopicPartition;
  ledger: Ledger<PendingOrder>;
  retries: number;
  handle: OrderHandler;
  policy: RetryPolicy;
  limits: Limits;
  clock: Clock;
  random: () => number;
  giveUp: (order: PendingOrder, cause: DeadLetterCause) => void;
  onChange: () => void;
  onFailed: (error: unknown) => void;
}): OrderProcessor {
  const { source, ledger, handle, policy, limits, clock, random, giveUp, onChange, onFailed } =
    deps;
  const { topic, partition } = source;
  const { state } = ledger;
  const attempt = createOrderAttempt({ handle, refuse });
  const queue = createRetryQueue<PendingOrder>({ clock, onDue });
  let { retries } = deps;
  let open = true;
  let pendingBytes = 0;
  let productBytes = 0;
  let products = 0;
  let roomMade: (() => void) | null = null;

  for (const product of state.averages.keys()) noteProduct(product);

  function noteProduct(product: string): void {
    products += 1;
    productBytes += Buffer.byteLength(product) + TALLY_BYTES;
  }

  function refuse({ product }: Order): OrderFault | null {
    if (state.averages.has(product)) return null;
    if (products >= limits.maxProducts) {
      return productLimitFault(`the partition has ${products} products already`);
    }
    return productBytes + Buffer.byteLength(product) + TALLY_BYTES > limits.maxProductBytes
      ? productLimitFault(`the names of ${products} products fill the checkpoint already`)
      : null;
  }

  function counted(order: Order): void {
    if (state.averages.size > products) noteProduct(order.product);
  }

  function isFull(share = 1): boolean {
    return (
      state.pending.size >= limits.maxPending * share ||
      pendingBytes >= limits.maxPendingBytes * share
    );
  }

  function defer(cursor: RecordCursor): PendingOrder {
    const order = pendingOrder(cursor.copy(), clock.now());
    ledger.defer(order);
    pendingBytes += order.record.body.length;
    return order;
  }

  function release(order: PendingOrder): void {
    pendingBytes -= order.record.body.length;
    if (roomMade !== null && !isFull(0.9)) {
      roomMade();
      roomMade = null;
    }
    onChange();
  }

  /** In a timer, where a throw would end the process. */
  function onDue(order: PendingOrder): void {
    try {
      retry(order);
    } catch (error) {
      onFailed(error);
    }
  }

  function retry(order: PendingOrder): void {
    if (!isPending(order)) return;
    if (order.attempts > policy.maxRetries) {
      giveUp(order, exhaustedBefore(order));
      return;
    }
    if (order.attempts > 0) retries += 1;
    conclude(order, tryAgain(order));
  }

  function tryAgain({ record, attempts }: PendingOrder): Outcome | Promise<Outcome> {
    const flaw = flawOf(record.cut, record.fault);
    if (flaw !== null) return new Unhandled(flaw, null);
    const place = { topic, partition, offset: record.offset, attempt: attempts + 1 };
    const value = storedValue(record);
    return value === null
      ? attempt(Buffer.alloc(0), -1, -1, place)
      : attempt(value, 0, value.length, place);
  }

  function isPending(order: PendingOrder): boolean {
    return open && state.pending.get(order.record.offset) === order;
  }

  function conclude(order: PendingOrder, outcome: Outcome | Promise<Outcome>): void {
    if (outcome instanceof Promise) {
      outcome.then((settled) => conclude(order, settled)).catch(onFailed);
    } else if (isPending(order)) {
      if (outcome instanceof Unhandled) failed(order, outcome);
      else {
        ledger.settle(order.record.offset, outcome);
        counted(outcome);
        release(order);
      }
    }
  }

  function failed(order: PendingOrder, { fault, error }: Unhandled): void {
    onChange();
    const now = clock.now();
    if (fault !== null) endIn(order, causeOfFault(fault, now));
    else if (isProgrammerError(error)) onFailed(error);
    else tryAgainOrGiveUp(order, error, now);
  }

  function tryAgainOrGiveUp(order: PendingOrder, error: unknown, now: number): void {
    if (order.attempts === 0) order.firstFailedAt = now;
    order.attempts += 1;
    order.lastFailedAt = now;
    order.error = clip(describe(error), MAX_ERROR_TEXT);
    const decision = decide(error, order, policy, random());
    if (decision.kind === 'retry') {
      order.dueAt = clock.monotonic() + decision.afterMs;
      queue.add(order);
    } else endIn(order, decision.cause);
  }

  function endIn(order: PendingOrder, cause: DeadLetterCause): void {
    order.error = clip(cause.reason, MAX_ERROR_TEXT);
    giveUp(order, cause);
  }

  return {
    get retries() {
      return retries;
    },
    process(cursor) {
      const { offset } = cursor;
      if (!ledger.arrive(offset)) return undefined;
      // Spelled out: a spread would cost more here than all the rest.
      const place = { topic, partition, offset, attempt: 1 };
      const flaw = flawOf(cursor.cut, cursor.fault);
      const outcome =
        flaw === null
          ? attempt(cursor.bytes, cursor.valueStart, cursor.valueEnd, place)
          : new Unhandled(flaw, null);
      if (outcome instanceof Unhandled) {
        if (isProgrammerError(outcome.error)) throw outcome.error;
        failed(defer(cursor), outcome);
      } else if (outcome instanceof Promise) {
        conclude(defer(cursor), outcome);
      } else {
        ledger.count(outcome);
        counted(outcome);
        return undefined;
      }
      if (!isFull()) return undefined;
      return new Promise((resolve) => {
        roomMade = resolve;
      });
    },
    resume() {
      for (const order of state.pending.values()) {
        pendingBytes += order.record.body.length;
        queue.add(order);
      }
    },
    ended: release,
    close() {
      open = false;
      queue.close();
      roomMade?.();
    },
  };
}

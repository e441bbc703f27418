// A handler that does real work: posts each order to a URL. An example for your own.
import type { Handle } from '../task/calls.ts';
import type { Order } from './order.ts';

/** The other side answered, and not with success; the status decides whether trying again can help. */
export class AnswerError extends Error {
  readonly status: number;
  /** What the other side said in Retry-After: seconds or a date (RFC 9110, 10.2.3). */
  readonly retryAfter: string | null;
  constructor(status: number, retryAfter: string | null) {
    super(`the order was answered with status ${status}`);
    this.name = 'AnswerError';
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * Posts orders as JSON to `url`; any status of 2xx is success. The same order may come more than once:
 * the header Idempotency-Key, its place in Kafka, tells.
 */
export function createPostHandler(url: string): Handle<Order> {
  return async (order, { topic, partition, offset }, signal) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': `"${topic}/${partition}/${offset}"`,
      },
      body: JSON.stringify(order),
      // A redirected POST arrives as a GET: better to say so than to lose it.
      redirect: 'manual',
      signal,
    });
    // Nobody reads the answer; unread it would keep its connection.
    await response.body?.cancel();
    if (response.ok) return;
    throw new AnswerError(response.status, response.headers.get('retry-after'));
  };
}

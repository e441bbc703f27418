// How long a request waits for Kafka, and that nobody works for a client that has gone.
import type { FastifyReply } from 'fastify';
import { HttpError } from './http-error.ts';

const MAX_WAIT_MS = 10_000;

/** Aborted when the client is gone, and after ten seconds. */
export function patienceOf(reply: FastifyReply): AbortSignal {
  return AbortSignal.any([untilGone(reply), AbortSignal.timeout(MAX_WAIT_MS)]);
}

/** Aborted when the client is gone or has its answer. */
export function untilGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  if (reply.raw.destroyed) gone.abort();
  return gone.signal;
}

/** The result; throws 503 when it took too long. */
export async function orBusy<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new HttpError(503, 'NO_ANSWER', 'Kafka did not answer in time: try again');
  }
}

// What a failed handler call means: try again, give the value up, or stop, because the code is wrong.
import { isError, isProgrammerError } from '../errors.ts';

export type Failure =
  /** May pass. `retryAfterMs`: the other side asked not to be called sooner. */
  | { readonly kind: 'transient'; readonly retryAfterMs: number }
  /** Will not pass, however often it is tried. */
  | { readonly kind: 'permanent' }
  /** A mistake in the code: trying again would only repeat it, and giving the value up would hide it. */
  | { readonly kind: 'programmer' };

const PERMANENT: Failure = { kind: 'permanent' };
const PROGRAMMER: Failure = { kind: 'programmer' };
const TRANSIENT: Failure = { kind: 'transient', retryAfterMs: 0 };

/** Nobody may be kept waiting longer by another side that asks for it. */
const MAX_RETRY_AFTER_MS = 24 * 3_600_000;

/** Codes of the operating system and the resolver that mean: not now, or not on this way. */
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'EAI_FAIL',
  'ENOTFOUND',
  'EMFILE',
  'ENFILE',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_HTTP2_STREAM_CANCEL',
]);

/** Codes of undici (Node's fetch) that blame its caller, not the network. */
const UNDICI_MISUSE = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_INVALID_RETURN_VALUE',
  'UND_ERR_NOT_SUPPORTED',
]);

/** Statuses below 500 that may pass: timeout, too early, too many requests (RFC 9110, 8470, 6585). */
const TRANSIENT_STATUSES = new Set([408, 425, 429]);

/**
 * What `error`, thrown or rejected by a handler, means; total over everything that can be thrown. In
 * this order: what the error says of itself by a boolean `retriable`; an abort or a timeout; the
 * network, also below a TypeError, for that is how `fetch` fails; an HTTP status; a programmer's
 * error; any other Error may pass, bounded by MAX_RETRIES. What is no Error is permanent.
 * `now` (ms since 1970) turns a date in `retryAfter` into a wait.
 */
export function classify(error: unknown, now: number): Failure {
  if (!isError(error)) return PERMANENT;
  const { retriable } = error as { retriable?: unknown };
  if (typeof retriable === 'boolean') return retriable ? waiting(error, now) : PERMANENT;
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return TRANSIENT;
  if (isOfTheNetwork(error)) return TRANSIENT;
  const status = statusOf(error);
  if (status !== null) {
    if (TRANSIENT_STATUSES.has(status) || status >= 500) return waiting(error, now);
    if (status >= 400) return PERMANENT;
  }
  return isProgrammerError(error) ? PROGRAMMER : waiting(error, now);
}

/** Whether the error, what caused it, or every one of those it gathers has a code of the network. */
function isOfTheNetwork(error: Error, depth = 0): boolean {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code === 'string' && (NETWORK_CODES.has(code) || isOfUndici(code))) return true;
  if (depth === 8) return false;
  if (error instanceof AggregateError && error.errors.length > 0) {
    // A host with several addresses, each of which was tried.
    return error.errors.every((each) => each instanceof Error && isOfTheNetwork(each, depth + 1));
  }
  return cause instanceof Error && isOfTheNetwork(cause, depth + 1);
}

function isOfUndici(code: string): boolean {
  return code.startsWith('UND_ERR_') && !UNDICI_MISUSE.has(code);
}

/** The status of an answer, as the usual HTTP clients put it on their errors. */
function statusOf(error: Error): number | null {
  const { status, statusCode, response } = error as {
    status?: unknown;
    statusCode?: unknown;
    response?: { status?: unknown } | null;
  };
  const found = [status, statusCode, response?.status].find(Number.isInteger);
  return found === undefined ? null : (found as number);
}

function waiting(error: Error, now: number): Failure {
  const { retryAfter } = error as { retryAfter?: unknown };
  const wait = millisecondsOf(retryAfter, now);
  return wait > 0 ? { kind: 'transient', retryAfterMs: wait } : TRANSIENT;
}

/** Retry-After (RFC 9110, 10.2.3): seconds, or a date; 0 for what is neither. */
function millisecondsOf(retryAfter: unknown, now: number): number {
  const seconds = typeof retryAfter === 'string' && /^\d+$/.test(retryAfter.trim());
  const wait =
    typeof retryAfter === 'number' || seconds
      ? Number(retryAfter) * 1000
      : typeof retryAfter === 'string' || retryAfter instanceof Date
        ? new Date(retryAfter).getTime() - now
        : 0;
  return wait > 0 ? Math.min(wait, MAX_RETRY_AFTER_MS) : 0;
}

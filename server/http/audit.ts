// One line for each command and for each one that was refused: who, when, what, from where.
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** What is written down; never a body, never a token. */
export type AuditEntry = {
  readonly action: string;
  readonly outcome: 'done' | 'refused' | 'failed';
  readonly status: number;
  /** The code of the error. */
  readonly error?: string;
  readonly by: string;
  readonly from: string;
  /** What the command says of itself: its id, how many letters. */
  readonly [detail: string]: unknown;
};

export type Audit = {
  /** Adds to the line of a request. */
  note(request: FastifyRequest, details: Readonly<Record<string, unknown>>): void;
  /** No command was asked for, so that there is nothing to write down unless it is refused. */
  onlyAsked(request: FastifyRequest): void;
};

const BY = /^[\x20-\x7e]{1,64}$/;

/** Who asks, as he says himself in X-Requested-By; null when that is no name. */
export function callerOf({ headers }: FastifyRequest): string | null {
  const by = headers['x-requested-by'];
  if (by === undefined) return 'unknown';
  return typeof by === 'string' && BY.test(by) ? by : null;
}

/** Watches all requests that write, by method or because nothing but writing happens at their path. */
export function createAudit(
  app: FastifyInstance,
  write: (entry: AuditEntry) => void,
  isCommandPath: (url: string) => boolean,
): Audit {
  const details = new WeakMap<FastifyRequest, Record<string, unknown>>();
  const errors = new WeakMap<FastifyRequest, string>();
  const asked = new WeakSet<FastifyRequest>();
  const note: Audit['note'] = (request, more) =>
    void details.set(request, { ...details.get(request), ...more });

  app.addHook('onError', async (request, _reply, error) => void errors.set(request, error.code));
  app.addHook('onResponse', async (request, reply) => {
    const { method, url, routeOptions } = request;
    const refused = reply.statusCode >= 400;
    const reads = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
    if (reads && !(refused && (isCommandPath(url) || asksToWrite(request)))) return;
    if (!refused && asked.has(request)) return;
    const error = errors.get(request);
    write({
      ...details.get(request),
      action: `${method} ${routeOptions.url ?? 'unknown path'}`,
      outcome: outcomeOf(reply.statusCode),
      status: reply.statusCode,
      ...(error === undefined ? {} : { error }),
      by: callerOf(request) ?? 'unknown',
      from: request.ip,
    });
  });
  return { note, onlyAsked: (request) => void asked.add(request) };
}

/** A page of another origin asks whether it may send a command. */
function asksToWrite({ method, headers }: FastifyRequest): boolean {
  const wanted = headers['access-control-request-method'] ?? 'GET';
  return method === 'OPTIONS' && wanted !== 'GET' && wanted !== 'HEAD';
}

function outcomeOf(status: number): AuditEntry['outcome'] {
  if (status < 400) return 'done';
  return status < 500 ? 'refused' : 'failed';
}

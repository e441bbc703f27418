// What every request must be before anything else looks at it: addressed to this server, unambiguous,
// and, when it could change something, sent by one of its own pages.
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { HttpError } from './http-error.ts';

/** Whose requests are served. */
export type Trust = {
  /** Host names besides those of the loopback, without port. */
  readonly hosts: readonly string[];
  /** Origins of other pages that may read. */
  readonly origins: readonly string[];
};

const loopbackHosts = ['localhost', '127.0.0.1', '[::1]'];
// Of these, Node keeps one and drops the rest in silence: which one is meant would be a guess.
const singleHeaders = new Set(['host', 'origin', 'authorization', 'content-type']);
const hostPattern = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/;

/** An `onRequest` hook that throws an HttpError for a request to refuse. */
export function createGuard(trust: Trust): (request: FastifyRequest) => Promise<void> {
  const hosts = new Set([...loopbackHosts, ...trust.hosts.map((host) => host.toLowerCase())]);
  const origins = new Set(trust.origins);

  return async ({ raw }) => {
    if (!raw.url?.startsWith('/')) {
      throw new HttpError(400, 'BAD_URL', 'the request target must be a path');
    }
    refuseDuplicates(raw);
    const host = raw.headers.host?.toLowerCase();
    if (host === undefined && raw.httpVersion === '1.1') {
      throw new HttpError(400, 'NO_HOST', 'a Host header is required');
    }
    // A foreign page can make its own name resolve to this server (DNS rebinding); the name gives it away.
    if (!hosts.has(hostPattern.exec(host ?? '')?.[1] ?? '')) {
      throw new HttpError(
        421,
        'WRONG_HOST',
        'this host name is not served here: see ALLOWED_HOSTS',
      );
    }
    if (raw.headers['content-encoding'] !== undefined) {
      throw new HttpError(415, 'CONTENT_ENCODING', 'request bodies must not be encoded');
    }
    if (raw.method === 'GET' || raw.method === 'HEAD') return;
    if (raw.method === 'OPTIONS' && origins.has(raw.headers.origin ?? '')) return;
    if (isForeign(raw, host ?? '')) {
      throw new HttpError(403, 'CROSS_SITE', 'only pages of this server may send this');
    }
    if (raw.method === 'OPTIONS') throw new HttpError(404, 'NOT_FOUND', 'there is nothing here');
  };
}

function refuseDuplicates(raw: IncomingMessage): void {
  const seen = new Set<string>();
  for (let i = 0; i < raw.rawHeaders.length; i += 2) {
    const name = raw.rawHeaders[i]!.toLowerCase();
    if (!singleHeaders.has(name)) continue;
    if (seen.has(name))
      throw new HttpError(400, 'DUPLICATE_HEADER', `more than one ${name} header`);
    seen.add(name);
  }
}

/** What is neither said by the browser nor by an Origin does not come from a page. */
function isForeign({ headers }: IncomingMessage, host: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return true;
  const { origin } = headers;
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
}

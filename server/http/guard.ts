// What every request must be before anything else looks at it: addressed to this server, unambiguous,
// and, when it could change something, sent by one of its own pages.
import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { HttpError } from './http-error.ts';

/** Whose requests are served. */
export type Trust = {
  /** Host names besides `localhost`, without port. */
  readonly hosts: readonly string[];
  /** Origins of other pages that may read. */
  readonly origins: readonly string[];
};

// Of these, Node keeps one and drops the rest in silence: which one is meant would be a guess.
const singleHeaders = new Set(['host', 'origin', 'authorization', 'content-type']);
const hostPattern = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/;

/** An `onRequest` hook that throws an HttpError for a request to refuse. */
export function createGuard(trust: Trust): (request: FastifyRequest) => Promise<void> {
  const hosts = new Set(['localhost', ...trust.hosts.map((host) => host.toLowerCase())]);
  const origins = new Set(trust.origins);

  /**
   * A foreign page can make its own name resolve to this server (DNS rebinding); the name gives it away.
   * An address is no name, and a client that sends no Host at all is no browser.
   */
  function isServed(host: string | undefined, httpVersion: string): boolean {
    if (host === undefined) return httpVersion === '1.0';
    const name = hostPattern.exec(host)?.[1] ?? '';
    return hosts.has(name) || isIPv4(name) || (name.startsWith('[') && isIPv6(name.slice(1, -1)));
  }

  return async ({ raw, routeOptions }) => {
    if (!raw.url?.startsWith('/')) {
      throw new HttpError(400, 'BAD_URL', 'the request target must be a path');
    }
    refuseDuplicates(raw);
    const host = raw.headers.host?.toLowerCase();
    if (host === undefined && raw.httpVersion === '1.1') {
      throw new HttpError(400, 'NO_HOST', 'a Host header is required');
    }
    // By the route that was found, not by the text of the URL, which other names lead to as well.
    const isProbe = routeOptions.url?.startsWith('/health/') === true;
    if (!isProbe && !isServed(host, raw.httpVersion)) {
      const words = 'this host name is not served here: see ALLOWED_HOSTS';
      throw new HttpError(421, 'WRONG_HOST', words);
    }
    if (raw.headers['content-encoding'] !== undefined) {
      throw new HttpError(415, 'CONTENT_ENCODING', 'request bodies must not be encoded');
    }
    if (raw.method === 'GET' || raw.method === 'HEAD') return;
    if (raw.method === 'OPTIONS' && origins.has(raw.headers.origin ?? '')) return;
    if (isForeign(raw, host ?? '')) {
      throw new HttpError(403, 'CROSS_SITE', 'only pages of this server may send this');
    }
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

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

// Of a header that was sent twice Node keeps one silently, and a proxy may have looked at the other one.
const singleHeaders = new Set(['host', 'origin', 'authorization', 'content-type']);
const hostPattern = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/;

/** An `onRequest` hook that throws an HttpError for a request to refuse. */
export function createGuard(trust: Trust): (request: FastifyRequest) => Promise<void> {
  const hosts = new Set(['localhost', ...trust.hosts.map((host) => host.toLowerCase())]);
  const origins = new Set(trust.origins);

  /**
   * A page of somebody else can let its own host name resolve to this server (DNS rebinding); then its name
   * is in the Host header. An IP address cannot be used like that, and a client that sends no Host (HTTP/1.0)
   * is no browser.
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
    // By the route that was found: in the text of the URL the same path can be written in several ways.
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

/**
 * Whether a page of another origin sends this. A browser says so in Sec-Fetch-Site or, an old one, in Origin;
 * a request with neither header does not come from a page (curl, a script), and is none.
 */
function isForeign({ headers }: IncomingMessage, host: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return true;
  const { origin } = headers;
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
}

// Answers with a body, held against the memory that all answers together may keep.
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Status } from './contract.ts';
import type { Holds } from './holds.ts';
import { HttpError } from './http-error.ts';
import type { MetricsBody } from './overview.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/** Sends bytes of JSON; throws 503 when too much is being sent already. */
export function sendJson(reply: FastifyReply, holds: Holds, body: Buffer): FastifyReply {
  holdFor(reply, holds, body, body.length);
  return reply.type(JSON_TYPE).send(body);
}

/** Sends JSON in pieces, as fast as they are read; throws 503 as `sendJson` does. */
export function streamJson(reply: FastifyReply, holds: Holds, body: MetricsBody): FastifyReply {
  reply.type(JSON_TYPE);
  // For a HEAD request the body would be made only to be thrown away.
  if (reply.request.method === 'HEAD') return reply.send(Readable.from([]));
  holdFor(reply, holds, body.held, body.heldBytes);
  return reply.send(Readable.from(body.chunks(), { objectMode: false }));
}

function holdFor(reply: FastifyReply, holds: Holds, held: object, bytes: number): void {
  const release = holds.hold(held, bytes);
  if (release === null) throw tooBusy(reply, 'too many answers are being sent: try again');
  reply.raw.once('close', release);
  atEndOf(reply.request.raw.socket, release);
}

const endings = new WeakMap<Socket, Set<() => void>>();

/** With pipelined requests an answer waits for the one before it, and then only its socket emits `close`. */
function atEndOf(socket: Socket, end: () => void): void {
  if (socket.destroyed) {
    end();
    return;
  }
  let all = endings.get(socket);
  if (all === undefined) {
    const mine = new Set<() => void>();
    all = mine;
    endings.set(socket, mine);
    socket.once('close', () => {
      for (const each of mine) each();
    });
  }
  all.add(end);
}

/** A 503 for now. */
export function tooBusy(reply: FastifyReply, words: string): HttpError {
  reply.header('retry-after', '1');
  return new HttpError(503, 'BUSY', words);
}

/** A 503 because nothing is known yet, with the service's own reasons. */
export function notKnown(reply: FastifyReply, { reasons }: Status): HttpError {
  reply.header('retry-after', '1');
  const why = reasons.length > 0 ? `: ${reasons.join('; ')}` : '';
  return new HttpError(503, 'NOT_KNOWN', `the topics have not been read to their ends yet${why}`);
}

/** An entity tag made of the content: the same on every instance. */
export function tagOf(body: Buffer): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
}

/** Whether the client has this already (If-None-Match; RFC 9110, 13.1.2: compared weakly). */
export function hasAlready(request: FastifyRequest, etag: string): boolean {
  const known = request.headers['if-none-match'];
  if (known === undefined) return false;
  return known.split(',').some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()));
}

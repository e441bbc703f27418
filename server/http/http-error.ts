// Errors as answers: JSON `{error, message}` with constant words, whoever noticed the error. Nothing
// of the request and no stack is ever repeated.
import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import type { ErrorBody } from './contract.ts';

/** A request that cannot be answered; the message is meant for the client. */
export class HttpError extends AppError {
  readonly statusCode: number;
  constructor(statusCode: number, code: string, message: string) {
    super(code, message, statusCode >= 500);
    this.statusCode = statusCode;
  }
}

const safeHeaders = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
};
const rawHeaders = {
  'Content-Type': 'application/json; charset=utf-8',
  ...safeHeaders,
  Connection: 'close',
};

/** Carries the safe headers from the start, also where Node or the framework answers without a hook. */
export class SafeResponse<Request extends IncomingMessage> extends ServerResponse<Request> {
  constructor(request: Request) {
    super(request);
    for (const [name, value] of Object.entries(safeHeaders)) this.setHeader(name, value);
  }
}

/** Words for a status: `BAD_REQUEST` and `Bad Request`. */
function bodyOf(statusCode: number): ErrorBody {
  const words = STATUS_CODES[statusCode] ?? 'Bad Request';
  return { error: words.toUpperCase().replaceAll(/[^A-Z]+/g, '_'), message: words };
}

/** Answers whatever a hook, a plugin or a route has thrown; what is our fault is told to `failed`. */
export function createErrorAnswer(failed: (error: unknown) => void) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const status = error.statusCode ?? 500;
    let body = bodyOf(status);
    const { bodyLimit } = request.routeOptions;
    if (status === 413) body = { ...body, message: `a body has at most ${bodyLimit} bytes here` };
    if (error instanceof HttpError) body = { error: error.code, message: error.message };
    else if (status >= 500) {
      failed(error);
      body = { error: 'INTERNAL', message: 'internal error' };
    }
    return reply.code(status).header('cache-control', 'no-store').send(body);
  };
}

/** The path of a URL, without its query, as it was sent. */
export function pathOf(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? '';
}

/**
 * Answers a request for which there is no route or file: 405 where another method would be served.
 * `methodsOf` gives the methods of a path.
 */
export function createNotFound(methodsOf: (path: string) => readonly string[]) {
  return (request: FastifyRequest, reply: FastifyReply) => {
    reply.header('cache-control', 'no-store');
    const methods = methodsOf(pathOf(request.url));
    if (methods.length > 0 && !methods.includes(request.method)) {
      const allowed = methods.join(', ');
      const body: ErrorBody = { error: 'METHOD_NOT_ALLOWED', message: `only ${allowed} here` };
      return reply.code(405).header('allow', allowed).send(body);
    }
    const body: ErrorBody = { error: 'NOT_FOUND', message: 'there is nothing here' };
    return reply.code(404).send(body);
  };
}

/** Answers a URL that the router cannot read; no hook has run, so the headers are set here. */
export function answerBadUrl(_error: FastifyError, _request: FastifyRequest, reply: FastifyReply) {
  const body: ErrorBody = { error: 'BAD_URL', message: 'the URL cannot be decoded' };
  reply.code(400).headers(rawHeaders).send(body);
}

/** Answers an Expect header that asks for more than 100-continue; no hook has run here either. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(417, rawHeaders).end(JSON.stringify(bodyOf(417)));
}

const statusOfParserError = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
]);

/** Answers bytes that are not HTTP, and closes the connection. */
export function answerClientError(error: Error & { code: string }, socket: Socket): void {
  // When an answer was already begun on this connection, more text would become part of that answer.
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const status = statusOfParserError.get(error.code) ?? 400;
  const body = JSON.stringify(bodyOf(status));
  const headers = { ...rawHeaders, 'Content-Length': Buffer.byteLength(body) };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`);
  socket.destroySoon();
}

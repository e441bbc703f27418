import type { FastifyInstance } from 'fastify';
import { weightOf } from '../accept.ts';
import { countedAs } from '../address.ts';
import type { EventStream } from '../event-stream.ts';
import { HttpError } from '../http-error.ts';

/** `GET /stream`: server-sent events. The hub writes to the socket itself: a third cheaper per event. */
export async function streamRoute(
  app: FastifyInstance,
  { streams }: { streams: EventStream },
): Promise<void> {
  // No HEAD: its answer would never end, and nobody would be counted for it.
  app.get('/stream', { exposeHeadRoute: false }, async (request, reply) => {
    if (weightOf(request.headers.accept, 'text/event-stream') === 0) {
      throw new HttpError(406, 'NOT_ACCEPTABLE', 'this is a text/event-stream');
    }
    // Null while an earlier answer on the same connection is not finished.
    const { socket } = reply.raw;
    if (socket === null) {
      throw new HttpError(
        400,
        'NO_STREAM',
        'a stream needs a connection with no request before it',
      );
    }
    // HTTP/1.0, which proxies still speak by default, has no chunks: the end of the connection is the end.
    const chunked = request.raw.httpVersion === '1.1';
    const address = countedAs(request.ip);
    if (!streams.admits(address)) {
      reply.header('retry-after', '10');
      throw new HttpError(503, 'TOO_MANY_STREAMS', 'too many streams are open');
    }
    reply.hijack();
    socket.setTimeout(0);
    socket.setNoDelay(true);
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value);
    }
    reply.raw.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
      ...(chunked ? { 'Transfer-Encoding': 'chunked' } : { Connection: 'close' }),
    });
    reply.raw.flushHeaders();
    streams.open(socket, address, chunked);
  });
}

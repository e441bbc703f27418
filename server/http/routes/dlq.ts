import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { notKnown, sendJson } from '../answer.ts';
import type { Clock } from '../clock.ts';
import type { Holds } from '../holds.ts';
import { HttpError } from '../http-error.ts';
import type { OverviewSource } from '../overview.ts';

/** Who asks for the same within this time gets the same bytes. */
const FRESH_MS = 100;

// A string and not a number: coercion would let 1e3, 0x10 and an empty value pass.
const Query = Type.Object(
  { limit: Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$', default: '20' }) },
  { additionalProperties: false },
);

type Deps = { source: OverviewSource; holds: Holds; clock: Clock };

/** `GET /dlq?limit=20`: the newest dead letters, newest first. */
export async function dlqRoute(app: FastifyInstance, deps: Deps): Promise<void> {
  const { source, holds, clock } = deps;
  // Only the last limit asked for is kept: a thousand different ones would be a thousand copies.
  let last: { limit: number; at: number; body: Buffer } | undefined;

  function bodyOf(limit: number): Buffer | null {
    const at = clock.monotonic();
    if (last !== undefined && last.limit === limit && at - last.at < FRESH_MS) return last.body;
    const items = source.deadLetters(limit);
    if (items === null) return null;
    last = { limit, at, body: Buffer.from(JSON.stringify(items)) };
    return last.body;
  }

  app.get<{ Querystring: Static<typeof Query> }>('/dlq', {
    schema: { querystring: Query },
    schemaErrorFormatter: () =>
      new HttpError(400, 'BAD_QUERY', 'the only parameter is limit, an integer from 1 to 1000'),
    handler: async (request, reply) => {
      const body = bodyOf(Number(request.query.limit));
      reply.header('cache-control', 'no-store');
      if (body === null) throw notKnown(reply, source.status());
      return sendJson(reply, holds, body);
    },
  });
}

import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Feed } from '../feed.ts';
import { HttpError } from '../http-error.ts';

// A string and not a number: coercion would let 1e3, 0x10 and an empty value pass.
const Query = Type.Object(
  { limit: Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$', default: '20' }) },
  { additionalProperties: false },
);

/** `GET /dlq?limit=20`: the newest dead letters, newest first. */
export async function dlqRoute(app: FastifyInstance, { feed }: { feed: Feed }): Promise<void> {
  app.get<{ Querystring: Static<typeof Query> }>('/dlq', {
    schema: { querystring: Query },
    schemaErrorFormatter: () =>
      new HttpError(400, 'BAD_QUERY', 'the only parameter is limit, an integer from 1 to 1000'),
    handler: async (request, reply) => {
      const view = await feed.newest();
      reply.header('cache-control', 'no-store').type('application/json; charset=utf-8');
      return reply.send(view.deadLetters(Number(request.query.limit)));
    },
  });
}

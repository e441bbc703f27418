import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { sendJson, tooBusy } from '../answer.ts';
import type { OrderLives } from '../contract-lives.ts';
import type { Holds } from '../holds.ts';
import { HttpError } from '../http-error.ts';
import { orBusy, patienceOf } from '../patience.ts';

/** Each reads through two topics. */
const MAX_AT_ONCE = 2;

const Query = Type.Object(
  { id: Type.String({ minLength: 1, maxLength: 128 }) },
  { additionalProperties: false },
);

/** Looks for an order, for some seconds at most; what it could not look at is in the answer. */
export type FollowOrder = (id: string, signal: AbortSignal) => Promise<OrderLives>;

/** `GET /api/orders?id=`: every life of one order. */
export async function ordersRoute(
  app: FastifyInstance,
  { follow, holds }: { follow: FollowOrder; holds: Holds },
): Promise<void> {
  let running = 0;
  app.get<{ Querystring: Static<typeof Query> }>('/api/orders', {
    exposeHeadRoute: false,
    schema: { querystring: Query },
    schemaErrorFormatter: () =>
      new HttpError(400, 'BAD_QUERY', 'the only parameter is id, a text of 1 to 128 characters'),
    handler: async (request, reply) => {
      reply.header('cache-control', 'no-store');
      if (running >= MAX_AT_ONCE)
        throw tooBusy(reply, 'other orders are being followed: try again');
      running += 1;
      try {
        const signal = patienceOf(reply);
        const lives = await orBusy(follow(request.query.id, signal), signal);
        return sendJson(reply, holds, Buffer.from(JSON.stringify(lives)));
      } finally {
        running -= 1;
      }
    },
  });
}

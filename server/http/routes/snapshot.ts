import type { FastifyInstance } from 'fastify';
import { hasAlready, sendJson } from '../answer.ts';
import type { Feed } from '../feed.ts';
import type { Holds } from '../holds.ts';

/** `GET /api/snapshot`: what the stream begins with, for pages that have to poll. */
export async function snapshotRoute(
  app: FastifyInstance,
  { feed, holds }: { feed: Feed; holds: Holds },
): Promise<void> {
  app.get('/api/snapshot', async (request, reply) => {
    const view = await feed.newest();
    const etag = `"${view.id}"`;
    reply.header('cache-control', 'no-store').header('etag', etag);
    if (hasAlready(request, etag)) return reply.code(304).send();
    return sendJson(reply, holds, view.snapshot());
  });
}

import type { FastifyInstance } from 'fastify';
import type { Feed } from '../feed.ts';

/** `GET /api/snapshot`: what the stream begins with, for pages that have to poll. */
export async function snapshotRoute(app: FastifyInstance, { feed }: { feed: Feed }): Promise<void> {
  app.get('/api/snapshot', async (request, reply) => {
    const view = await feed.newest();
    const etag = `"${view.id}"`;
    reply.header('cache-control', 'no-store').header('etag', etag);
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type('application/json; charset=utf-8').send(view.snapshot());
  });
}

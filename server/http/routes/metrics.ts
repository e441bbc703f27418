import type { FastifyInstance } from 'fastify';
import { prefersExposition } from '../accept.ts';
import type { Feed } from '../feed.ts';
import type { Overview } from '../overview.ts';

/** Writes the metrics in the Prometheus text format. */
export type Exposition = {
  readonly contentType: string;
  render(sample: Overview & { readonly streamClients: number }): Promise<string>;
};

type Deps = { feed: Feed; exposition: Exposition; streamClients: () => number };

/** `GET /metrics`: JSON for people and pages, the Prometheus text for who prefers it. */
export async function metricsRoute(app: FastifyInstance, deps: Deps): Promise<void> {
  const { feed, exposition, streamClients } = deps;
  // Encoded by hand: the serializer of a schema leaves out products whose name holds a line separator.
  app.get('/metrics', async (request, reply) => {
    const view = await feed.newest();
    reply.header('cache-control', 'no-store').header('vary', 'Origin, Accept');
    if (prefersExposition(request.headers.accept)) {
      const sample = { ...view.overview, streamClients: streamClients() };
      return reply.type(exposition.contentType).send(await exposition.render(sample));
    }
    return reply.type('application/json; charset=utf-8').send(view.metrics());
  });
}

import type { FastifyInstance } from 'fastify';
import { Schemas } from '../contract.ts';

/** `GET /schema`: what orders are read with, and what they were written with. */
export async function schemaRoute(
  app: FastifyInstance,
  { schemas }: { schemas: () => Schemas },
): Promise<void> {
  app.get('/schema', { schema: { response: { 200: Schemas } } }, async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return schemas();
  });
}

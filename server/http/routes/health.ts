import type { FastifyInstance } from 'fastify';
import { Health } from '../contract.ts';
import type { StatusSource } from '../overview.ts';

const schema = { response: { 200: Health, 503: Health } };

/** `GET /health/live`: this process answers. `GET /health/ready`: it also works, or why it does not. */
export async function healthRoutes(
  app: FastifyInstance,
  { source }: { source: StatusSource },
): Promise<void> {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
  app.get('/health/live', { schema }, async () => ({ status: 'live', reasons: [] }));
  app.get('/health/ready', { schema }, async (_request, reply) => {
    const { phase, reasons, notes } = source.status();
    return reply.code(phase === 'ready' ? 200 : 503).send({ status: phase, reasons, notes });
  });
}

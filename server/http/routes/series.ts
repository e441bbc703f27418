import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Series } from '../contract-series.ts';
import { HttpError } from '../http-error.ts';

const Query = Type.Object(
  { range: Type.String({ pattern: '^(2m|15m|1h)$', default: '2m' }) },
  { additionalProperties: false },
);

/** The last two minutes, quarter of an hour, or hour. */
export type SeriesSource = (range: '2m' | '15m' | '1h') => Series;

/** `GET /api/series?range=2m`: how the last while went. */
export async function seriesRoute(
  app: FastifyInstance,
  { series }: { series: SeriesSource },
): Promise<void> {
  app.get<{ Querystring: Static<typeof Query> }>('/api/series', {
    schema: { querystring: Query },
    schemaErrorFormatter: () =>
      new HttpError(400, 'BAD_QUERY', 'the only parameter is range: 2m, 15m or 1h'),
    handler: async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return series(request.query.range as '2m' | '15m' | '1h');
    },
  });
}

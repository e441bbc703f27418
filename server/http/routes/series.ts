import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { sendJson } from '../answer.ts';
import type { ProductHistory, Series } from '../contract-series.ts';
import type { Holds } from '../holds.ts';
import { HttpError } from '../http-error.ts';

const Query = Type.Object(
  { range: Type.String({ pattern: '^(2m|15m|1h)$', default: '2m' }) },
  { additionalProperties: false },
);

/** The last two minutes, quarter of an hour, or hour. */
export type SeriesSource = (range: '2m' | '15m' | '1h') => Series;

/** The last minutes of the products that are shown. */
export type HistorySource = () => ProductHistory;

/** `GET /api/series?range=2m` and `GET /api/products/history`: how the last while went. */
export async function seriesRoute(
  app: FastifyInstance,
  { series, history, holds }: { series: SeriesSource; history: HistorySource; holds: Holds },
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
  app.get('/api/products/history', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return sendJson(reply, holds, Buffer.from(JSON.stringify(history())));
  });
}

import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Static, Type } from 'typebox';
import { hasAlready, notKnown, sendJson, tagOf, tooBusy } from '../answer.ts';
import { type ProductQuery, type ProductRow, SORT_KEYS } from '../contract.ts';
import { csvLine } from '../csv.ts';
import type { Holds } from '../holds.ts';
import { HttpError } from '../http-error.ts';
import type { FiguresSource, StatusSource } from '../overview.ts';

/** Of an export, so many rows are sent at once. */
const ROWS_PER_CHUNK = 500;

// Strings and not numbers: coercion would let 1e3, 0x10 and an empty value pass.
const chosen = {
  sort: Type.String({ pattern: `^(${SORT_KEYS.join('|')})$`, default: 'count' }),
  order: Type.String({ pattern: '^(asc|desc)$', default: 'desc' }),
  filter: Type.String({ maxLength: 255, default: '' }),
};
const Query = Type.Object(
  {
    page: Type.String({ pattern: '^[1-9][0-9]{0,6}$', default: '1' }),
    size: Type.String({ pattern: '^([1-9][0-9]?|1[0-9]{2}|200)$', default: '50' }),
    ...chosen,
  },
  { additionalProperties: false },
);
const ExportQuery = Type.Object(
  { format: Type.String({ pattern: '^(csv|jsonl)$', default: 'jsonl' }), ...chosen },
  { additionalProperties: false },
);
type Chosen = Pick<ProductQuery, 'sort' | 'order'>;
type Query = Static<typeof Query> & Chosen;
type ExportQuery = Static<typeof ExportQuery> & Chosen;

const CHOSEN_WORDS = `sort (${listed(SORT_KEYS)}), order (asc or desc) and filter (at most 255 characters)`;
const WORDS = `the parameters are page (an integer from 1), size (1 to 200), ${CHOSEN_WORDS}`;
const EXPORT_WORDS = `the parameters are format (csv or jsonl), ${CHOSEN_WORDS}`;

/** `GET /api/products`: a page of all products, sorted and filtered here; `/api/products/export`: all pages. */
export async function productsRoute(
  app: FastifyInstance,
  { source, holds }: { source: FiguresSource & StatusSource; holds: Holds },
): Promise<void> {
  app.get<{ Querystring: Query }>('/api/products', {
    schema: { querystring: Query },
    schemaErrorFormatter: () => new HttpError(400, 'BAD_QUERY', WORDS),
    handler: async (request, reply) => {
      const { page, size, sort, order, filter } = request.query;
      const query = { page: Number(page), size: Number(size), sort, order, filter };
      const found = orRefused(await source.products(query), reply);
      const body = Buffer.from(JSON.stringify(found));
      const etag = tagOf(body);
      reply.header('cache-control', 'private, no-cache').header('etag', etag);
      if (hasAlready(request, etag)) return reply.code(304).send();
      return sendJson(reply, holds, body);
    },
  });
  app.get<{ Querystring: ExportQuery }>('/api/products/export', {
    exposeHeadRoute: false,
    schema: { querystring: ExportQuery },
    schemaErrorFormatter: () => new HttpError(400, 'BAD_QUERY', EXPORT_WORDS),
    handler: async (request, reply) => {
      const { format, ...query } = request.query;
      const rows = orRefused(await source.allProducts({ ...query, page: 1, size: 1 }), reply);
      const isCsv = format === 'csv';
      reply.header('content-disposition', `attachment; filename="products.${format}"`);
      reply.type(isCsv ? 'text/csv; charset=utf-8' : 'application/x-ndjson');
      return reply.send(Readable.from(chunksOf(rows, isCsv), { objectMode: false }));
    },
  });

  /** What was found; when there is nothing to find it in, or no time, that is the answer. */
  function orRefused<T>(found: T | 'busy' | null, reply: FastifyReply): T {
    reply.header('cache-control', 'no-store');
    if (found === null) throw notKnown(reply, source.status());
    if (found === 'busy') throw tooBusy(reply, 'too many lists are being sorted: try again');
    return found as T;
  }
}

function* chunksOf(rows: Iterable<ProductRow>, isCsv: boolean): Generator<string, void> {
  let text = isCsv ? csvLine(['product', 'count', 'averagePrice']) : '';
  let held = 0;
  for (const row of rows) {
    text += isCsv
      ? csvLine([row.product, row.count, row.averagePrice])
      : `${JSON.stringify(row)}\n`;
    held += 1;
    if (held < ROWS_PER_CHUNK) continue;
    yield text;
    text = '';
    held = 0;
  }
  if (text !== '') yield text;
}

/** `a, b or c`. */
function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

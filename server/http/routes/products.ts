import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { hasAlready, notKnown, sendJson, tagOf, tooBusy } from '../answer.ts';
import { type ProductQuery, SORT_KEYS } from '../contract.ts';
import type { Holds } from '../holds.ts';
import { HttpError } from '../http-error.ts';
import type { OverviewSource } from '../overview.ts';

// Strings and not numbers: coercion would let 1e3, 0x10 and an empty value pass.
const Query = Type.Object(
  {
    page: Type.String({ pattern: '^[1-9][0-9]{0,6}$', default: '1' }),
    size: Type.String({ pattern: '^([1-9][0-9]?|1[0-9]{2}|200)$', default: '50' }),
    sort: Type.String({ pattern: `^(${SORT_KEYS.join('|')})$`, default: 'count' }),
    order: Type.String({ pattern: '^(asc|desc)$', default: 'desc' }),
    filter: Type.String({ maxLength: 255, default: '' }),
  },
  { additionalProperties: false },
);
type Query = Static<typeof Query> & Pick<ProductQuery, 'sort' | 'order'>;

const WORDS =
  `the parameters are page (an integer from 1), size (1 to 200), sort (${listed(SORT_KEYS)}), ` +
  'order (asc or desc) and filter (at most 255 characters)';

/** `GET /api/products`: a page of all products, sorted and filtered here. */
export async function productsRoute(
  app: FastifyInstance,
  { source, holds }: { source: OverviewSource; holds: Holds },
): Promise<void> {
  app.get<{ Querystring: Query }>('/api/products', {
    schema: { querystring: Query },
    schemaErrorFormatter: () => new HttpError(400, 'BAD_QUERY', WORDS),
    handler: async (request, reply) => {
      const { page, size, sort, order, filter } = request.query;
      const query = { page: Number(page), size: Number(size), sort, order, filter };
      const found = await source.products(query);
      reply.header('cache-control', 'no-store');
      if (found === null) throw notKnown(reply, source.status());
      if (found === 'busy') throw tooBusy(reply, 'too many lists are being sorted: try again');
      const body = Buffer.from(JSON.stringify(found));
      const etag = tagOf(body);
      reply.header('cache-control', 'private, no-cache').header('etag', etag);
      if (hasAlready(request, etag)) return reply.code(304).send();
      return sendJson(reply, holds, body);
    },
  });
}

/** `a, b or c`. */
function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

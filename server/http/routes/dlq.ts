import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Clock } from '../../log/clock.ts';
import type { Positions } from '../../log/selection.ts';
import { notKnown, sendJson } from '../answer.ts';
import type { IndexReach, LetterItem } from '../contract-letters.ts';
import type { Holds } from '../holds.ts';
import { HttpError } from '../http-error.ts';
import {
  FILTER_WORDS,
  ListQuery,
  listFilter,
  placeOf,
  readCursor,
  writeCursor,
} from '../letter-query.ts';
import type { LetterList } from '../letters.ts';
import type { StatusSource } from '../overview.ts';
import { orBusy, patienceOf } from '../patience.ts';

/** Who asks for the same within this time gets the same bytes. */
const FRESH_MS = 100;

const WORDS = `the parameters are limit (an integer from 1 to 1000), before (from the header Link), ${FILTER_WORDS}`;

type Deps = { source: StatusSource; list: LetterList; holds: Holds; clock: Clock };

/** `GET /dlq?limit=20`: the newest dead letters, newest first; with a filter or a cursor, others. */
export async function dlqRoute(app: FastifyInstance, deps: Deps): Promise<void> {
  const { source, list, holds, clock } = deps;
  // Only the last limit asked for is kept: a thousand different ones would be a thousand copies.
  let last: { limit: number; at: number; body: Buffer; next: Positions | null } | undefined;

  /** The newest are in memory, so they are there as soon as the service is. */
  function newest(limit: number) {
    const at = clock.monotonic();
    if (last !== undefined && last.limit === limit && at - last.at < FRESH_MS) return last;
    const items = source.deadLetters(limit);
    if (items === null) return null;
    const next = items.length === limit ? positionsBelow(items) : null;
    last = { limit, at, body: Buffer.from(JSON.stringify(items)), next };
    return last;
  }

  app.get<{ Querystring: ListQuery }>('/dlq', {
    schema: { querystring: ListQuery },
    schemaErrorFormatter: () => new HttpError(400, 'BAD_QUERY', WORDS),
    handler: async (request, reply) => {
      const { limit, before, ...words } = request.query;
      reply.header('cache-control', 'no-store');
      if (before === undefined && Object.keys(words).length === 0) {
        const found = newest(Number(limit));
        if (found === null) throw notKnown(reply, source.status());
        describeList(reply, list.reach());
        linkNext(reply, request.query, found.next);
        return sendJson(reply, holds, found.body);
      }
      const query = { filter: listFilter(words), limit: Number(limit), before: readCursor(before) };
      const signal = patienceOf(reply);
      const page = await orBusy(list.page(query, signal), signal);
      if (page === null) throw notKnown(reply, source.status());
      describeList(reply, page.index, page.matching);
      linkNext(reply, request.query, page.next);
      return sendJson(reply, holds, Buffer.from(JSON.stringify(page.items)));
    },
  });
}

function positionsBelow(items: readonly LetterItem[]): Positions {
  const positions = new Map<number, number>();
  for (const { id } of items) {
    const { partition, offset } = placeOf(id)!;
    positions.set(partition, offset);
  }
  return positions;
}

/** RFC 8288. */
function linkNext(reply: FastifyReply, query: ListQuery, next: Positions | null): void {
  if (next === null) return;
  const { before: _, ...rest } = query;
  const parameters = new URLSearchParams({ ...rest, before: writeCursor(next) });
  reply.header('link', `</dlq?${parameters}>; rel="next"`);
}

/** What the list does and does not hold, as a dictionary of RFC 8941: its body is an array. */
export function describeList(
  reply: FastifyReply,
  index: IndexReach | null,
  matching?: number,
): void {
  if (index === null) return;
  const { held, older, read, total, complete } = index;
  const numbers = { ...(matching === undefined ? {} : { matching }), held, older, read, total };
  const words = Object.entries(numbers).map(([name, value]) => `${name}=${value}`);
  reply.header('dead-letters', [...words, `complete=${complete ? '?1' : '?0'}`].join(', '));
}

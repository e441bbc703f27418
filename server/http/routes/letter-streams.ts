import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Static, Type } from 'typebox';
import { notKnown, tooBusy } from '../answer.ts';
import type { LetterItem } from '../contract-letters.ts';
import { csvLine } from '../csv.ts';
import { HttpError } from '../http-error.ts';
import { FILTER_WORDS, FilterQuery, LIMIT_PATTERN, listFilter } from '../letter-query.ts';
import type { LetterList, LetterSearch, SearchStep } from '../letters.ts';
import type { StatusSource } from '../overview.ts';
import { untilGone } from '../patience.ts';
import { describeList } from './dlq.ts';

/** Searches and exports at once: each reads the whole topic. */
const MAX_AT_ONCE = 4;

const SearchQuery = Type.Object(
  {
    q: Type.String({ minLength: 1, maxLength: 200 }),
    limit: Type.String({ pattern: LIMIT_PATTERN, default: '100' }),
  },
  { additionalProperties: false },
);
const ExportQuery = Type.Object(
  { format: Type.String({ pattern: '^(csv|jsonl)$', default: 'jsonl' }), ...FilterQuery },
  { additionalProperties: false },
);

type Deps = {
  source: StatusSource;
  list: LetterList;
  search: LetterSearch;
  failed: (error: unknown) => void;
};

/** `GET /dlq/search?q=` and `GET /dlq/export?format=`: what takes a while, sent as it is found. */
export async function letterStreamRoutes(app: FastifyInstance, deps: Deps): Promise<void> {
  const { source, list, search, failed } = deps;
  const running = new Set<AbortController>();
  // They would hold up the end of the server by as long as they take.
  app.addHook('preClose', async () => {
    for (const each of running) each.abort();
  });

  /** Sends what `chunks` yields until the client is gone or the server ends. */
  function send(
    reply: FastifyReply,
    type: string,
    chunks: (signal: AbortSignal) => AsyncIterable<string>,
  ): FastifyReply {
    if (running.size >= MAX_AT_ONCE) {
      throw tooBusy(reply, 'too many searches and exports are under way: try again');
    }
    const ending = new AbortController();
    running.add(ending);
    reply.raw.once('close', () => running.delete(ending));
    const signal = AbortSignal.any([ending.signal, untilGone(reply)]);
    reply.type(type).header('cache-control', 'no-store, no-transform');
    return reply.send(Readable.from(chunks(signal), { objectMode: false }));
  }

  function expectKnown(reply: FastifyReply): void {
    const reach = list.reach();
    if (reach === null) throw notKnown(reply, source.status());
    describeList(reply, reach);
  }

  app.get<{ Querystring: Static<typeof SearchQuery> }>('/dlq/search', {
    exposeHeadRoute: false,
    schema: { querystring: SearchQuery },
    schemaErrorFormatter: () =>
      new HttpError(
        400,
        'BAD_QUERY',
        'the parameters are q (a text of 1 to 200 characters) and limit (an integer from 1 to 1000)',
      ),
    handler: async (request, reply) => {
      const { q, limit } = request.query;
      expectKnown(reply);
      reply.header('x-accel-buffering', 'no');
      return send(reply, 'text/event-stream; charset=utf-8', (signal) =>
        searchEvents(search(q, signal), Number(limit), signal, failed),
      );
    },
  });

  app.get<{ Querystring: Static<typeof ExportQuery> }>('/dlq/export', {
    exposeHeadRoute: false,
    schema: { querystring: ExportQuery },
    schemaErrorFormatter: () =>
      new HttpError(400, 'BAD_QUERY', `the parameters are format (csv or jsonl), ${FILTER_WORDS}`),
    handler: async (request, reply) => {
      const { format, ...words } = request.query;
      const filter = listFilter(words);
      expectKnown(reply);
      const isCsv = format === 'csv';
      reply.header('content-disposition', `attachment; filename="dead-letters.${format}"`);
      return send(reply, isCsv ? 'text/csv; charset=utf-8' : 'application/x-ndjson', (signal) =>
        exportLines(list.all(filter, signal) ?? [], isCsv, failed),
      );
    },
  });
}

/** `progress` after every block, `hit` for each letter, and at the end `done` or `failed`. */
async function* searchEvents(
  steps: AsyncIterable<SearchStep>,
  limit: number,
  signal: AbortSignal,
  failed: (error: unknown) => void,
): AsyncGenerator<string, void> {
  let hits = 0;
  let read = 0;
  let total = 0;
  try {
    for await (const step of steps) {
      ({ read, total } = step);
      const shown = step.hits.slice(0, limit - hits);
      for (const hit of shown) yield event('hit', hit);
      hits += shown.length;
      yield event('progress', { read, total, hits });
      if (hits === limit) break;
    }
    yield event('done', { read, total, hits, complete: hits < limit || read === total });
  } catch (error) {
    if (signal.aborted) return;
    failed(error);
    const message = 'the dead letters cannot be read to the end';
    yield event('failed', { error: 'NOT_READ', message, read, total, hits });
  }
}

function event(name: string, content: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(content)}\n\n`;
}

const COLUMNS = [
  'id',
  'orderId',
  'code',
  'group',
  'state',
  'stage',
  'disposition',
  'attempts',
  'timestamp',
  'reason',
] as const;
const ORIGIN = ['originTopic', 'originPartition', 'originOffset'];

/** What cannot be read to its end breaks the connection: a part must not pass for the whole. */
async function* exportLines(
  blocks: AsyncIterable<readonly LetterItem[]> | readonly LetterItem[][],
  isCsv: boolean,
  failed: (error: unknown) => void,
): AsyncGenerator<string, void> {
  if (isCsv) yield csvLine([...COLUMNS, ...ORIGIN]);
  try {
    for await (const items of blocks) {
      yield items.map(isCsv ? csvOf : (item) => `${JSON.stringify(item)}\n`).join('');
    }
  } catch (error) {
    failed(error);
    throw error;
  }
}

function csvOf(item: LetterItem): string {
  const { origin } = item;
  const place = [origin?.topic ?? null, origin?.partition ?? null, origin?.offset ?? null];
  return csvLine([...COLUMNS.map((name) => item[name]), ...place]);
}

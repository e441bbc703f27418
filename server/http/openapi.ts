// The interface as OpenAPI 3.1: what the routes take and the contract says, with a line on each operation.
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { ErrorBody, Health, Metrics, ProductPage, Schemas, Snapshot } from './contract.ts';
import {
  EditAnswer,
  PauseAnswer,
  RedriveAnswer,
  RedriveShown,
  Redrives,
} from './contract-commands.ts';
import { LetterDetail, LetterGroups, LetterItems } from './contract-letters.ts';
import { Series } from './contract-series.ts';

type Answer = {
  readonly description: string;
  readonly content: Record<string, { schema: TSchema }>;
};
type Operation = {
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security?: readonly Record<string, readonly string[]>[];
  readonly response: Record<string, Answer>;
};

const answer = (description: string, type: string, schema: TSchema): Answer => ({
  description,
  content: { [type]: { schema } },
});
const json = (schema: TSchema, description = 'As asked.') =>
  answer(description, 'application/json', schema);
const refused = {
  '4XX': json(
    ErrorBody,
    'What was asked is refused: `error` is a code, `message` says why in words.',
  ),
  '5XX': json(
    ErrorBody,
    'It cannot be answered now: what was asked for is not known yet, or too much is asked.',
  ),
};
const scraped = {
  'text/plain': { schema: Type.String() },
  'application/openmetrics-text': { schema: Type.String() },
};
const events = answer(
  'Server-Sent Events; the data of each is JSON.',
  'text/event-stream',
  Type.String(),
);

function reads(
  tag: string,
  summary: string,
  ok: Answer,
  more: Record<string, Answer> = {},
): Operation {
  return { summary, tags: [tag], response: { 200: ok, ...more, ...refused } };
}

function writes(
  summary: string,
  status: number,
  ok: Answer,
  more: Record<string, Answer> = {},
): Operation {
  const response = { [status]: ok, ...more, ...refused };
  // On the loopback nobody needs a token as long as none is set.
  return { summary, tags: ['commands'], security: [{}, { token: [] }], response };
}

const DRY = 'The numbers alone: it was a dry run.';

/** Beside what the routes say themselves. The answers are not said there: Fastify would write them by its own means. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET /metrics': reads('figures', 'All averages, and where every order is.', {
    description: 'JSON, or the text format of Prometheus for who prefers it.',
    content: { 'application/json': { schema: Metrics }, ...scraped },
  }),
  'GET /metrics/prometheus': reads('figures', 'The figures for Prometheus.', {
    description: 'The text format of Prometheus, or OpenMetrics for who prefers it.',
    content: scraped,
  }),
  'GET /api/products': reads('figures', 'One page of all products.', json(ProductPage)),
  'GET /api/series': reads('figures', 'The last hour, in steps.', json(Series)),
  'GET /api/snapshot': reads('figures', 'Everything the page shows.', json(Snapshot)),
  'GET /stream': reads('figures', 'Events `snapshot` and `delta`, as in the contract.', events),
  'GET /schema': reads(
    'figures',
    'What orders are read with, and were written with.',
    json(Schemas),
  ),
  'GET /dlq': reads('dead letters', 'Dead letters, newest first.', json(LetterItems)),
  'GET /dlq/groups': reads('dead letters', 'How many letters of each kind.', json(LetterGroups)),
  'GET /dlq/search': reads('dead letters', 'Events `progress`, `hit` and `done`.', events),
  'GET /dlq/export': reads('dead letters', 'All letters that the filter takes.', {
    description: 'One letter a line.',
    content: {
      'text/csv': { schema: Type.String() },
      'application/x-ndjson': { schema: Type.String() },
    },
  }),
  'GET /dlq/:id': reads('dead letters', 'One letter in full.', json(LetterDetail)),
  'PUT /dlq/:id/redrive': writes('Sends a letter with another value.', 202, json(EditAnswer), {
    200: json(EditAnswer, DRY),
  }),
  'POST /redrives': writes('Sends letters back.', 202, json(RedriveAnswer), {
    200: json(RedriveAnswer, DRY),
  }),
  'GET /redrives': reads('commands', 'Redrives, newest first.', json(Redrives)),
  'GET /redrives/:id': reads('commands', 'What became of one.', json(RedriveShown)),
  'DELETE /redrives/:id': writes('Cancels what has not been sent.', 200, json(RedriveShown)),
  'POST /pause': writes('Partitions take no more orders.', 200, json(PauseAnswer)),
  'POST /resume': writes('Partitions take orders again.', 200, json(PauseAnswer)),
  'GET /health/live': reads('health', 'Whether the process can make progress.', json(Health)),
  'GET /health/ready': reads('health', 'Whether it is ready, and why not.', json(Health), {
    503: json(Health, 'It is not ready.'),
  }),
};

const INFO = {
  title: 'order-stream',
  description: 'Exact averages of the orders on Kafka, dead letters, and what is done about them.',
  version: '1',
};

/** `GET /openapi.json`. To be registered before the routes that it describes. */
export async function openApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: INFO,
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    transform({ schema, url, route }) {
      const operation = OPERATIONS[`${route.method} ${url}`];
      return { schema: operation ? { ...schema, ...operation } : { ...schema, hide: true }, url };
    },
  });
  app.get('/openapi.json', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return app.swagger();
  });
}

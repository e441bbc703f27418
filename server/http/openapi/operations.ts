// What each route is for, what it answers and which errors it has: one row each. Parameters and bodies
// are not here, for the routes check them by schemas of their own.
import { type Static, type TSchema, Type } from 'typebox';
import { Health, Metrics, ProductPage, Schemas, Snapshot } from '../contract.ts';
import {
  EditAnswer,
  PauseAnswer,
  RedriveAnswer,
  RedriveShown,
  Redrives,
  TeachAnswer,
} from '../contract-commands.ts';
import { LetterDetail, LetterGroups, LetterItems } from '../contract-letters.ts';
import { OrderLives } from '../contract-lives.ts';
import { ProductHistory, Series } from '../contract-series.ts';

/** Why a request is refused, by status; beside what every route may say. */
export const ERRORS = {
  400: 'A parameter or the body is not what it must be.',
  401: 'Commands need the token.',
  403: 'Commands are not taken here, or a page of another site asks.',
  404: 'There is no such thing, or not any more.',
  406: 'Another media type was asked for.',
  409: 'It has ended already.',
  413: 'The body is too large.',
  415: 'The body is no JSON.',
  422: 'Nothing is selected, or the value is none of the schema.',
  429: 'Too many commands from this address.',
  503: 'Not known yet, too busy, or closing: `Retry-After` says when to ask again.',
} as const;

type Answer = {
  readonly schema: TSchema;
  /** JSON unless it says so. */
  readonly type?: string;
  /** 200 unless it says so. */
  readonly status?: number;
  readonly words: string;
};

type Operation = {
  readonly summary: string;
  readonly tag: 'figures' | 'dead letters' | 'commands' | 'operation';
  /** The first is that of an ordinary success. */
  readonly answers: readonly [Answer, ...Answer[]];
  readonly errors: readonly (keyof typeof ERRORS)[];
  /** It changes something: see the security of the document. */
  readonly writes?: true;
};

const json = <Schema extends TSchema>(schema: Schema, words: string) => ({ schema, words });
const text = (type: string, words: string) => ({ schema: Type.String(), type, words });
const EVENTS = 'text/event-stream';
const EXPOSITION = [
  text('text/plain', 'The format of Prometheus.'),
  text('application/openmetrics-text', 'OpenMetrics, with exemplars.'),
] as const;
const FILE = [
  text('application/x-ndjson', 'A line of JSON each.'),
  text('text/csv', 'A line each, with a head.'),
] as const;
const UNCHANGED = {
  schema: Type.Null(),
  status: 304,
  words: 'What If-None-Match names is the newest.',
};
const COMMAND = [400, 401, 403, 413, 415, 429, 503] as const;
const SNAPSHOT = 'Everything the page shows.';
const SENT = 'What was selected, and the command that sends it.';
const TRIED = { schema: RedriveAnswer, status: 200, words: 'A dry run: nothing was sent.' };

/** By method and path, as the router has it. */
export const OPERATIONS = {
  'GET /metrics': {
    summary: 'The averages, overall and per product, and where every order is',
    tag: 'figures',
    answers: [json(Metrics, 'The figures of the whole group.'), ...EXPOSITION],
    errors: [503],
  },
  'GET /metrics/prometheus': {
    summary: 'The same for Prometheus, without negotiation',
    tag: 'operation',
    answers: [...EXPOSITION],
    errors: [],
  },
  'GET /api/products': {
    summary: 'One page of all products, sorted and filtered',
    tag: 'figures',
    answers: [json(ProductPage, 'The page; empty beyond the last.'), UNCHANGED],
    errors: [400, 503],
  },
  'GET /api/products/history': {
    summary: 'How the orders of the products that are shown came in the last minutes',
    tag: 'figures',
    answers: [json(ProductHistory, 'Orders in each step.')],
    errors: [503],
  },
  'GET /api/products/export': {
    summary: 'All products that a filter takes, as a file',
    tag: 'figures',
    answers: FILE,
    errors: [400, 503],
  },
  'GET /api/orders': {
    summary: 'One order by its id: every record that carried it, and what became of each',
    tag: 'figures',
    answers: [json(OrderLives, 'Its lives, and how much was looked through to find them.')],
    errors: [400, 503],
  },
  'GET /api/series': {
    summary: 'How the last while went',
    tag: 'figures',
    answers: [json(Series, 'Points in time.')],
    errors: [400],
  },
  'GET /api/snapshot': {
    summary: 'What the stream begins with, for clients that poll',
    tag: 'figures',
    answers: [json(Snapshot, SNAPSHOT), UNCHANGED],
    errors: [503],
  },
  'GET /stream': {
    summary: 'Server-sent events: a snapshot, then deltas; ops/asyncapi.yml describes them',
    tag: 'figures',
    answers: [text(EVENTS, 'Events `snapshot` and `delta`, without an end.')],
    errors: [400, 406, 503],
  },
  'GET /schema': {
    summary: 'The schema that orders are read with, and which ones they were written with',
    tag: 'figures',
    answers: [json(Schemas, 'Schemas, of this instance.')],
    errors: [],
  },
  'GET /dlq': {
    summary: 'Dead letters, newest first',
    tag: 'dead letters',
    answers: [json(LetterItems, '`Link` has the next page, `Dead-Letters` what the index holds.')],
    errors: [400, 503],
  },
  'GET /dlq/groups': {
    summary: 'The kinds of dead letters, and how many there are of each',
    tag: 'dead letters',
    answers: [json(LetterGroups, 'Those with most letters first.')],
    errors: [400, 503],
  },
  'GET /dlq/:id': {
    summary: 'One dead letter in full, with its earlier and later lives',
    tag: 'dead letters',
    answers: [json(LetterDetail, 'The letter, read from Kafka.')],
    errors: [404, 503],
  },
  'GET /dlq/search': {
    summary: 'Server-sent events: dead letters that hold a text, as they are found',
    tag: 'dead letters',
    answers: [text(EVENTS, 'Events `hit` and `progress`, at the end `done` or `failed`.')],
    errors: [400, 503],
  },
  'GET /dlq/export': {
    summary: 'All dead letters that a filter takes, as a file',
    tag: 'dead letters',
    answers: FILE,
    errors: [400, 503],
  },
  'PUT /dlq/:id/redrive': {
    summary: 'Sends one dead letter back with another value',
    tag: 'commands',
    answers: [
      { schema: EditAnswer, status: 202, words: SENT },
      { schema: EditAnswer, status: 200, words: TRIED.words },
    ],
    errors: [...COMMAND, 404, 422],
    writes: true,
  },
  'GET /redrives': {
    summary: 'The redrives and what became of them, newest first',
    tag: 'commands',
    answers: [json(Redrives, 'As many as `limit` says, and how many there are.')],
    errors: [400, 503],
  },
  'GET /redrives/:id': {
    summary: 'One redrive and what became of it',
    tag: 'commands',
    answers: [json(RedriveShown, 'The redrive.')],
    errors: [404, 503],
  },
  'POST /redrives': {
    summary: 'Sends dead letters back to be processed again',
    tag: 'commands',
    answers: [{ schema: RedriveAnswer, status: 202, words: SENT }, TRIED],
    errors: [...COMMAND, 404, 422],
    writes: true,
  },
  'DELETE /redrives/:id': {
    summary: 'Cancels what a redrive has not sent yet',
    tag: 'commands',
    answers: [json(RedriveShown, 'The redrive, which sends nothing more.')],
    errors: [...COMMAND, 404, 409],
    writes: true,
  },
  'POST /pause': {
    summary: 'Stops the intake of orders; retries go on',
    tag: 'commands',
    answers: [json(PauseAnswer, 'What was changed, and what is paused now.')],
    errors: [...COMMAND, 404],
    writes: true,
  },
  'POST /resume': {
    summary: 'Starts the intake of orders again',
    tag: 'commands',
    answers: [json(PauseAnswer, 'What was changed, and what is paused now.')],
    errors: [...COMMAND, 404],
    writes: true,
  },
  'POST /teach': {
    summary:
      'Sends orders to learn from, makes some fail, or takes none for five seconds; embedded broker only',
    tag: 'commands',
    answers: [json(TeachAnswer, 'How many orders were sent.')],
    errors: [...COMMAND, 404],
    writes: true,
  },
  'GET /health/live': {
    summary: 'Whether the process answers',
    tag: 'operation',
    answers: [json(Health, 'It does.')],
    errors: [],
  },
  'GET /health/ready': {
    summary: 'Whether the service works, or why it does not',
    tag: 'operation',
    answers: [
      json(Health, 'It is ready; `notes` stop nothing.'),
      { schema: Health, status: 503, words: 'It is not: `reasons` has why.' },
    ],
    errors: [],
  },
  'GET /openapi.json': {
    summary: 'This description',
    tag: 'operation',
    answers: [json(Type.Object({}), 'OpenAPI 3.1.')],
    errors: [],
  },
} as const satisfies Record<string, Operation>;

/** What a client may ask for. */
export type Route = keyof typeof OPERATIONS;
/** What it is answered, when all is well. */
export type AnswerOf<Asked extends Route> = Static<
  (typeof OPERATIONS)[Asked]['answers'][0]['schema']
>;

/** The row of a route; undefined for one that is no part of the interface, such as a file of the page. */
export function operationOf(method: string, url: string): Operation | undefined {
  const rows: Readonly<Record<string, Operation>> = OPERATIONS;
  const key = `${method} ${url}`;
  return Object.hasOwn(rows, key) ? rows[key] : undefined;
}

// `GET /openapi.json`: the routes as they are registered, with the schemas by which they check parameters
// and bodies; what they answer is added from the table of operations.
import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';
import type { TSchema } from 'typebox';
import { Delta, ErrorBody, Snapshot } from '../contract.ts';
import { ERRORS, operationOf } from './operations.ts';

/** Of the interface: a new major number when a client that was written for it would break. */
const VERSION = '1.0.0';

const OPENAPI = {
  openapi: '3.1.0',
  info: {
    title: 'order-stream',
    version: VERSION,
    license: { name: 'MIT', identifier: 'MIT' },
    description:
      'Running averages of orders, dead letters and what is done about them. Every error is `{error, message}`: ' +
      'a code that stays, and words for people. Members may be added to any answer. Times are ISO 8601 in UTC.',
  },
  servers: [{ url: '/' }],
  tags: ['figures', 'dead letters', 'commands', 'operation'].map((name) => ({ name })),
  components: {
    securitySchemes: {
      token: {
        type: 'http' as const,
        scheme: 'bearer',
        description: 'ADMIN_TOKEN. Where none is set, programs of the same machine need none.',
      },
    },
  },
};

/** Describes the routes that are registered after it. */
export async function openApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: OPENAPI,
    transform: ({ schema, url, route }) => ({ schema: described(schema, url, route), url }),
  });
  let document: string | undefined;
  app.get('/openapi.json', async (_request, reply) => {
    // Routes come and go with the version of the program.
    reply.header('cache-control', 'no-cache').type('application/json; charset=utf-8');
    document ??= JSON.stringify(withEvents(app.swagger({ yaml: false })));
    return document;
  });
}

/** With what the events of the stream hold: ops/asyncapi.yml refers to it. */
function withEvents(document: object & { components?: object }): object {
  return { ...document, components: { ...document.components, schemas: { Snapshot, Delta } } };
}

function described(schema: FastifySchema | undefined, url: string, route: RouteOptions) {
  const operation = operationOf(String(route.method), url);
  if (operation === undefined) return { ...schema, hide: true };
  const { summary, tag, answers, errors, writes } = operation;
  const ids = [...url.matchAll(/:(\w+)/g)].map(([, name]) => [name, { type: 'string' }]);
  return {
    ...schema,
    ...(ids.length > 0 ? { params: { type: 'object', properties: Object.fromEntries(ids) } } : {}),
    summary,
    tags: [tag],
    operationId: operationId(String(route.method), url),
    // Either without, or with the token.
    ...(writes ? { security: [{}, { token: [] }] } : {}),
    response: {
      ...answersByStatus(answers),
      ...Object.fromEntries(errors.map((status) => [status, errorAnswer(ERRORS[status])])),
      default: errorAnswer(
        'Any other error: a request that no route answers, or a fault of the service.',
      ),
    },
  };
}

const errorAnswer = (description: string) => ({
  description,
  content: { 'application/json': { schema: ErrorBody } },
});

type Answers = NonNullable<ReturnType<typeof operationOf>>['answers'];
type Described = { description: string; content?: Record<string, { schema: TSchema }> };

/** One description for each status, with every media type that it may have. */
function answersByStatus(answers: Answers): Record<number, Described> {
  const all: Record<number, Described> = {};
  for (const { schema, type = 'application/json', status = 200, words } of answers) {
    const before = all[status];
    const description = before === undefined ? words : `${before.description} ${words}`;
    const body = status === 304 ? {} : { content: { ...before?.content, [type]: { schema } } };
    all[status] = { description, ...body };
  }
  return all;
}

/** `getDlqIdRedrive` of GET and /dlq/:id/redrive. */
function operationId(method: string, url: string): string {
  const words = url.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return (
    method.toLowerCase() + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
  );
}

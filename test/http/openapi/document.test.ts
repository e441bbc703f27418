import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FastifyInstance, InjectOptions } from 'fastify';
import t from 'tap';
import { type AnswerOf, OPERATIONS, type Route } from '../../../server/http/openapi/operations.ts';
import { someLetter } from '../../fixtures/dead-letters.ts';
import { build } from '../../fixtures/http.ts';
import { fakeCommands } from '../../fixtures/letters.ts';

type Operation = {
  operationId: string;
  summary: string;
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: { content: Record<string, object> };
  security?: object[];
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
};
type Document = { paths: Record<string, Record<string, Operation>> };

async function documentOf(app: FastifyInstance): Promise<Document> {
  const answer = await app.inject('/openapi.json');
  return answer.json();
}

t.test('the document is OpenAPI 3.1', async (t) => {
  const { app } = await build(t);
  const answer = await app.inject('/openapi.json');
  t.equal(answer.statusCode, 200);
  t.match(answer.headers['content-type'], /^application\/json/);
  const validator = new Validator();
  t.same(await validator.validate(answer.json()), { valid: true });
  t.equal(validator.version, '3.1');
  const broken: Record<string, unknown> = { ...answer.json<Document>(), paths: 1 };
  t.not((await validator.validate(broken)).valid, true, 'it would say so');
});

/** `GET /dlq/:id` and the like, of the tree that the router prints: four characters a level. */
function routesIn(tree: string): string[] {
  const above: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent, segment, methods = ''] =
      /^(.*?)── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? [];
    if (indent === undefined || segment === undefined) return [];
    const depth = (indent.length - 1) / 4;
    above.splice(depth, above.length, segment);
    const found = methods.split(', ').filter((method) => method !== '');
    return found.map((method) => `${method} ${above.join('')}`);
  });
}

t.test('every route is described, with its errors, and nothing that is no route', async (t) => {
  const [fail, stop] = [() => {}, () => {}];
  const teach = { samples: async () => 20, bad: async () => 14, fail, stop };
  const { app } = await build(t, { commands: { ...fakeCommands(), teach } });
  const routes = routesIn(app.printRoutes({ commonPrefix: false }));
  const isOwn = (route: string) => !/^(HEAD|OPTIONS) | \/$|\*/.test(route);
  t.strictSame(routes.filter(isOwn).sort(), Object.keys(OPERATIONS).sort());

  const { paths } = await documentOf(app);
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method, operation })),
  );
  t.equal(described.length, Object.keys(OPERATIONS).length);
  t.equal(new Set(described.map(({ operation }) => operation.operationId)).size, described.length);
  for (const { path, method, operation } of described) {
    const { summary, responses, security, requestBody } = operation;
    t.ok(summary, path);
    const error = responses.default?.content?.['application/json']?.schema;
    t.match(
      error,
      { properties: { error: { type: 'string' }, message: { type: 'string' } } },
      path,
    );
    t.equal(security !== undefined, method !== 'get', `${method} ${path} asks for the token`);
    if (method === 'post' || method === 'put') t.ok(requestBody, path);
  }
  const { parameters } = paths['/dlq']!.get!;
  t.strictSame(
    parameters?.map(({ name }) => name).sort(),
    ['before', 'code', 'from', 'group', 'limit', 'state', 'to'],
    'what the route checks is what is described',
  );
  t.match(paths['/dlq/{id}']!.get!.parameters, [{ name: 'id', in: 'path', required: true }]);
});

/** A client derived from the table: whoever asks for a route gets the type of its answer. */
function clientOf(app: FastifyInstance) {
  return async <Asked extends Route>(
    route: Asked,
    { path, ...rest }: InjectOptions & { path?: string } = {},
  ): Promise<AnswerOf<Asked>> => {
    const [method, pattern] = route.split(' ') as ['GET', string];
    return (await app.inject({ method, url: path ?? pattern, ...rest })).json();
  };
}

t.test('a client that is derived from the table is answered what its types say', async (t) => {
  const { app, source, world } = await build(t);
  source.order('Item1', 10);
  await world.write(0, someLetter({ origin: 7 }));
  const ask = clientOf(app);

  const { perProduct } = await ask('GET /metrics');
  t.equal(perProduct.Item1!.averagePrice, 10);
  const [letter] = await ask('GET /dlq', { path: '/dlq?state=open' });
  t.equal(letter!.id, '0-0');
  const { headers } = await ask('GET /dlq/:id', { path: '/dlq/0-0' });
  t.ok(headers.some(({ name }) => name.text === 'errorReason'));
  const { total } = await ask('GET /redrives');
  t.equal(total, 0);
  const payload = { selection: { ids: ['0-0'] }, dryRun: true };
  const { byPartition } = await ask('POST /redrives', { payload });
  t.equal(byPartition[0]!.selected, 2);
});

t.test('what is answered is what is described', async (t) => {
  const { app, source, world, commands } = await build(t);
  source.order('__proto__', 10);
  source.deadLetter('order-1');
  await world.write(0, someLetter({ origin: 7 }));
  await commands.desk.redrive(
    {
      selection: { places: [] },
      rate: 1,
      notBefore: 0,
      canary: null,
      maxRedrives: 3,
      value: null,
      why: '',
    },
    { by: 'ann', from: '127.0.0.1' },
  );
  const { paths } = await documentOf(app);
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const why = { why: 'a test' };
  const asked: (InjectOptions & { as: string; status?: string })[] = [
    ...Object.keys(OPERATIONS)
      .filter(
        (route) =>
          /^GET [^:]*$/.test(route) && !/stream|search|export|prometheus|orders/.test(route),
      )
      .map((route) => ({ as: route.slice(4), url: route.slice(4) })),
    { as: '/api/orders', url: '/api/orders?id=order-1' },
    { as: '/dlq/{id}', url: '/dlq/0-0' },
    { as: '/dlq/{id}', url: '/dlq/0-9', status: '404' },
    { as: '/dlq', url: '/dlq?limit=0', status: '400' },
    { as: '/redrives/{id}', url: '/redrives/c1' },
    { as: '/redrives', method: 'POST', payload: { selection: { ids: ['0-0'] } }, status: '202' },
    { as: '/redrives', method: 'POST', payload: { selection: {} }, status: '400' },
    { as: '/redrives/{id}', method: 'DELETE', url: '/redrives/c1' },
    { as: '/pause', method: 'POST', payload: why },
    { as: '/resume', method: 'POST', payload: why },
    { as: '/nothing', url: '/nothing', status: 'default' },
  ];
  for (const { as, status = '200', ...request } of asked) {
    const answer = await app.inject({ url: as, ...request });
    const method = (request.method ?? 'GET').toLowerCase();
    const { responses } = paths[as]?.[method] ?? paths['/dlq']!.get!;
    const { schema } = responses[status]!.content!['application/json']!;
    if (status !== 'default') t.equal(answer.statusCode, Number(status), `${method} ${as}`);
    const valid = ajv.validate(schema, answer.json());
    t.ok(valid, `${method} ${as} ${status}: ${ajv.errorsText()}`);
  }
});

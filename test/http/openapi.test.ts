import { Validator } from '@seriousme/openapi-schema-validator';
import t from 'tap';
import { build } from '../fixtures/http.ts';

type Operation = { summary?: string; responses: Record<string, { content?: object }> };
type Document = { paths: Record<string, Record<string, Operation>> };

t.test('GET /openapi.json is OpenAPI 3.1 by its own schema', async (t) => {
  const { app } = await build(t);
  const { statusCode, payload } = await app.inject('/openapi.json');
  t.equal(statusCode, 200);
  const { valid, errors } = await new Validator().validate(JSON.parse(payload));
  t.ok(valid, JSON.stringify(errors));
});

t.test('every route is described, with what it answers and refuses', async (t) => {
  const { app } = await build(t);
  const { paths } = (await app.inject('/openapi.json')).json<Document>();
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map(
      (method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
    ),
  );
  const served = routesOf(app.printRoutes({ commonPrefix: false }));
  t.ok(served.length > 20, 'the routes are found');
  t.same(described.sort(), served.sort());
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { summary, responses }] of Object.entries(operations)) {
      const statuses = Object.keys(responses);
      t.ok(summary && statuses.some((status) => status.startsWith('2')), `${method} ${path}`);
      t.match(statuses.join(), /4XX.*5XX/, `${method} ${path} says what it refuses`);
    }
  }
});

/** All but HEAD, OPTIONS, the files of the page, and the description itself. */
function routesOf(tree: string): string[] {
  const stack: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const match = /^((?:[│ ] {3})*)[├└]── (\S*)(?: \(([A-Z, ]+)\))?/.exec(line);
    if (!match) return [];
    const [, indent, part, methods] = match;
    stack.length = indent!.length / 4;
    stack.push(part!);
    const url = stack.join('');
    if (methods === undefined || url.includes('*') || ['/', '/openapi.json'].includes(url))
      return [];
    return methods
      .split(', ')
      .filter((method) => !['HEAD', 'OPTIONS'].includes(method))
      .map((method) => `${method} ${url}`);
  });
}

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import t from 'tap';
import {
  authorizationOf,
  createRegistryClient,
  RegistryError,
} from '../../server/schemas/registry-client.ts';
import { withAuthority } from '../fixtures/certificates.ts';
import { fakeRegistry } from '../fixtures/fake-registry.ts';
import { freePort } from '../fixtures/free-port.ts';

const { signal } = new AbortController();

t.test('a schema is asked for by its id, with the credentials', async (t) => {
  const registry = await fakeRegistry(t);
  registry.put(7, { type: 'string' }, { schemaType: 'AVRO' });
  const authorization = authorizationOf({ user: 'u', password: 'p:ä', token: null });
  const client = createRegistryClient({ url: `${registry.url}/`, authorization });
  t.same(await client.schemaById(7, signal), {
    kind: 'schema',
    type: 'AVRO',
    schema: { text: '{"type":"string"}', references: [] },
  });
  t.same(registry.asked, ['GET /schemas/ids/7']);
  t.equal(registry.headers[0]!.authorization, 'Basic dTpwOsOk');
  t.equal(authorizationOf({ user: null, password: null, token: 'x' }), 'Bearer x');
  t.equal(authorizationOf({ user: null, password: null, token: null }), null);
});

t.test('what a schema refers to is asked for too, the innermost first', async (t) => {
  const registry = await fakeRegistry(t);
  const refer = (subject: string) => ({ references: [{ name: 'n', subject, version: 2 }] });
  registry.put(1, { is: 'outer' }, refer('a/b'));
  registry.answers.set('/subjects/a%2Fb/versions/2', {
    body: { schema: 'middle', ...refer('inner') },
  });
  registry.answers.set('/subjects/inner/versions/2', { body: { schema: 'inner' } });
  const client = createRegistryClient({ url: registry.url, authorization: null });
  t.match(await client.schemaById(1, signal), { schema: { references: ['inner', 'middle'] } });
  registry.answers.set('/subjects/inner/versions/2', {
    body: { schema: 'inner', ...refer('a/b') },
  });
  await client.schemaById(1, signal);
  t.pass('a circle comes to an end');
});

t.test('only a registry says that there is no schema', async (t) => {
  const registry = await fakeRegistry(t);
  const client = createRegistryClient({ url: registry.url, authorization: null });
  t.match(await client.schemaById(5, signal), { kind: 'absent', found: `${registry.url} does` });
  t.match(await client.schemaById(2 ** 31, signal), { kind: 'absent', found: /^ids go up to/ });
  t.equal(registry.asked.length, 1, 'what no registry has is not asked for');
  for (const [words, answer] of Object.entries({
    'a page of a proxy': { status: 404, body: '<h1>not here</h1>' },
    'another path': { status: 404, body: { error_code: 404, message: 'HTTP 404 Not Found' } },
    'no login': { status: 401, body: { error_code: 40_101 } },
    'an error': { status: 500, body: { error_code: 50_001, message: 'store timed out' } },
    'an unavailable one': { status: 503, body: '' },
    'a redirect': { status: 302, body: '' },
    'no JSON': { body: 'hello' },
    'no schema': { body: { schema: 7 } },
    'a schema without a type': { body: { schema: '"string"', schemaType: null } },
    'an answer without end': { body: 'x'.repeat(2 ** 20 + 1) },
    'a reference to nothing': {
      body: { schema: '"x"', references: [{ name: 'n', subject: 's', version: 1 }] },
    },
    'a reference without a name': { body: { schema: '"x"', references: [{}] } },
  })) {
    registry.answers.set('/schemas/ids/5', answer);
    await t.rejects(client.schemaById(5, signal), RegistryError, words);
  }
});

t.test('whoever does not answer is named, with the reason', async (t) => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const client = createRegistryClient({ url, authorization: null });
  await t.rejects(client.schemaById(1, signal), {
    name: 'RegistryError',
    message: new RegExp(`^${url} does not answer: connect ECONNREFUSED`),
  });
});

t.test('a schema is registered under its subject', async (t) => {
  const registry = await fakeRegistry(t);
  registry.answers.set('/subjects/orders-value/versions', { body: { id: 12 } });
  const client = createRegistryClient({ url: registry.url, authorization: null });
  t.equal(await client.register('orders-value', '"string"'), 12);
  t.same(registry.asked, ['POST /subjects/orders-value/versions']);
  registry.answers.set('/subjects/orders-value/versions', {
    status: 409,
    body: { error_code: 409, message: 'incompatible with an earlier schema' },
  });
  await t.rejects(client.register('orders-value', '"int"'), /409 \(incompatible with/);
});

t.test('a registry behind TLS is trusted by the authority that Node is told of', async (t) => {
  const authority = await withAuthority(t);
  if (authority === undefined) return;
  const { certificate, key } = await authority.issue('registry');
  const server = createServer(
    { cert: await readFile(certificate), key: await readFile(key) },
    (_request, response) => response.end(JSON.stringify({ schema: '"string"' })),
  ).listen(0, 'localhost');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const client = new URL('../../server/schemas/registry-client.js', import.meta.url);
  const program = `
    const { createRegistryClient } = await import('${client}');
    const client = createRegistryClient({ url: '${url}', authorization: null });
    const ask = client.schemaById(1, new AbortController().signal);
    console.log(await ask.then(({ schema }) => schema.text, ({ message }) => message));`;
  const ask = async (env: Record<string, string>) => {
    const args = ['--input-type=module', '-e', program];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    return stdout.trim();
  };
  t.equal(await ask({ NODE_EXTRA_CA_CERTS: authority.ca }), '"string"');
  t.match(await ask({}), /does not answer: .*certificate/);
});

import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { build } from '../fixtures/http.ts';

const page = '<!doctype html><title>Order stream</title>';

async function builtPage(folder: string): Promise<string> {
  await mkdir(join(folder, 'assets'), { recursive: true });
  await writeFile(join(folder, 'index.html'), page);
  await writeFile(join(folder, 'assets/index-BQ1x.js'), 'export {};');
  await writeFile(join(folder, 'assets/index-BQ1x.js.gz'), gzipSync('export {};'));
  await writeFile(join(folder, '.env'), 'SECRET=1');
  return folder;
}

t.test('the page is asked for anew each time, its hashed files never', async (t) => {
  const { app } = await build(t, { staticRoot: await builtPage(t.testdir()) });
  const index = await app.inject('/');
  t.equal(index.payload, page);
  t.match(index.headers, { 'content-type': /^text\/html/, 'cache-control': 'no-cache' });
  t.ok(index.headers.etag);
  const script = await app.inject('/assets/index-BQ1x.js');
  t.match(script.headers, {
    'content-type': /javascript/,
    'cache-control': 'public, max-age=31536000, immutable',
  });
  const etag = String(index.headers.etag);
  const again = await app.inject({ url: '/', headers: { 'if-none-match': etag } });
  t.equal(again.statusCode, 304);
});

t.test('a compressed copy is sent to who takes it', async (t) => {
  const { app } = await build(t, { staticRoot: await builtPage(t.testdir()) });
  const ask = (encoding: string) =>
    app.inject({ url: '/assets/index-BQ1x.js', headers: { 'accept-encoding': encoding } });
  const zipped = await ask('gzip, br');
  t.match(zipped.headers, { 'content-encoding': 'gzip', 'content-type': /javascript/ });
  t.match(zipped.headers.vary, /Accept-Encoding/);
  const plain = await ask('identity');
  t.equal(plain.headers['content-encoding'], undefined);
  t.match(plain.headers.vary, /Accept-Encoding/);
});

t.test('nothing beside the page is served', async (t) => {
  const { app } = await build(t, { staticRoot: await builtPage(t.testdir()) });
  for (const url of ['/.env', '/assets', '/assets/', '/..%2f..%2fpackage.json', '/none.js']) {
    const { statusCode, headers, payload } = await app.inject(url);
    t.ok(statusCode === 403 || statusCode === 404, `${url} ${statusCode}`);
    t.match(headers, { 'content-type': /json/, 'cache-control': 'no-store' });
    t.same(Object.keys(JSON.parse(payload)), ['error', 'message']);
  }
});

t.test('a link in the folder stops the start', async (t) => {
  const root = await builtPage(t.testdir());
  await symlink('/etc/hostname', join(root, 'assets/link.txt'));
  await t.rejects(build(t, { staticRoot: root }), { code: 'STATIC_SYMLINK' });
});

t.test('without a built page, / says how to build it', async (t) => {
  for (const staticRoot of [undefined, '/nowhere/dist/page']) {
    const { app } = await build(t, { staticRoot });
    const { statusCode, payload } = await app.inject('/');
    t.equal(statusCode, 404);
    t.match(JSON.parse(payload), { error: 'NOT_BUILT', message: /npm run build/ });
  }
});

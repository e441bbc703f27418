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

t.test(
  'only the hashed files are kept for ever, by whatever path a file is asked for',
  async (t) => {
    const { app } = await build(t, { staticRoot: await builtPage(t.testdir()) });
    const page = ['/assets/../index.html', '/assets/%2e%2e/index.html', '/assets/..%2findex.html'];
    for (const url of [...page, '//index.html', '/assets//../index.html', '/index.html?/assets/']) {
      const { statusCode, headers } = await app.inject(url);
      if (statusCode === 200) t.equal(headers['cache-control'], 'no-cache', url);
      else t.equal(headers['cache-control'], 'no-store', `${url} ${statusCode}`);
    }
    const script = await app.inject('/assets/index-BQ1x.js');
    const again = await app.inject({
      url: '/assets/index-BQ1x.js',
      headers: { 'if-none-match': String(script.headers.etag) },
    });
    t.equal(again.statusCode, 304);
    t.match(again.headers['cache-control'], /immutable/);
  },
);

t.test('ranges are as RFC 9110 has them', async (t) => {
  const { app } = await build(t, { staticRoot: await builtPage(t.testdir()) });
  const ask = async (range: string, method: 'GET' | 'HEAD' = 'GET') => {
    const answer = await app.inject({ method, url: '/index.html', headers: { range } });
    return [answer.statusCode, answer.headers['content-range'], answer.payload];
  };
  const all = page.length;
  t.same(await ask('bytes=0-1'), [206, `bytes 0-1/${all}`, '<!']);
  t.same(await ask('bytes=-1'), [206, `bytes ${all - 1}-${all - 1}/${all}`, '>']);
  t.same(await ask('bytes=1-99999'), [206, `bytes 1-${all - 1}/${all}`, page.slice(1)]);
  t.same(await ask('bytes=-99999'), [200, undefined, page], 'a longer end is all of it');
  for (const beyond of ['bytes=99999-', 'bytes=99999-100000', 'bytes=-0']) {
    const [status, range, body] = await ask(beyond);
    t.same([status, range], [416, `bytes */${all}`], beyond);
    t.match(JSON.parse(String(body)), { error: 'RANGE_NOT_SATISFIABLE' });
  }
  for (const none of ['bytes=', 'bytes=x', 'bytes=5-2', 'bytes=1-2,x', 'lines=0-1', 'bytes=--1']) {
    t.same(await ask(none), [200, undefined, page], `${none} is ignored`);
  }
  t.same(await ask('bytes=0-1', 'HEAD'), [200, undefined, '']);
});

t.test('a file is only read', async (t) => {
  const { app } = await build(t, { staticRoot: await builtPage(t.testdir()) });
  for (const url of ['/', '/index.html', '/assets/index-BQ1x.js']) {
    const { statusCode, headers } = await app.inject({ method: 'POST', url });
    t.equal(statusCode, 405, url);
    t.equal(headers.allow, 'GET, HEAD');
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

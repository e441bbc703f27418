import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { build, listen, rawClient } from '../fixtures/http.ts';

type Case = { name: string; raw_base64: string; expect_status: string; note: 'closed' | 'open' };

const file = join(process.cwd(), 'test/fixtures/corpus/http.json');
const cases: Case[] = JSON.parse(readFileSync(file, 'utf8'));

// Their answers are those of POST /dlq/redrive, which does not exist: they get 4xx like any unknown
// route. What is refused before a route is looked for is not left out.
const leftOut = new Set([
  'redrive ok',
  'redrive no token',
  'redrive token in URL',
  'redrive Basic auth',
  'redrive text/plain (simple req)',
  'redrive CT json+tab junk (CVE-2026-25223)',
  'redrive CT " application/json" caps',
  'redrive no CT',
  'redrive empty body',
  'redrive {',
  'redrive null',
  'redrive __proto__',
  'redrive constructor.prototype',
  'redrive dup key',
  'redrive ids number',
  'redrive ids object',
  'redrive id path',
  'redrive id 2^63+',
  'redrive deep nest 3000',
  'redrive body 5000 B',
  'chunk size fffffffffffffffff',
]);

// What the corpus was written before: a path that exists says which methods it takes, and who sends no
// Host because HTTP/1.0 has none is no browser.
const changed = new Map([
  ['HTTP/1.0 no Host', '200'],
  ['TRACE', '405'],
  ['DELETE /dlq', '405'],
  ['stream HEAD', '405'],
]);

t.test('every request of the corpus gets its answer', async (t) => {
  const root = t.testdir({ site: {} });
  await mkdir(join(root, 'site/assets'));
  await writeFile(join(root, 'site/index.html'), '<!doctype html><title>Order stream</title>');
  await writeFile(join(root, 'secret.txt'), 'the secret');
  const { app } = await build(t, { staticRoot: join(root, 'site') });
  const port = await listen(app);

  for (const { name, raw_base64, expect_status, note } of cases) {
    const client = rawClient(t, port, Buffer.from(raw_base64, 'base64'));
    const bytes = await (note === 'open'
      ? client.until((bytes) => bytes.includes('event: snapshot'))
      : client.end());
    client.socket.destroy();
    const answer = bytes.toString('latin1');
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 'closed, no bytes';
    if (leftOut.has(name)) t.match(status, /^4/, name);
    else t.equal(status, changed.get(name) ?? expect_status, name);

    t.notMatch(answer, /the secret|evil|nip\.io|node_modules|at \w+ \(/, `${name}: no echo`);
    for (const head of answer.match(/HTTP\/1\.1 [2-5][\s\S]*?\r\n\r\n/g) ?? []) {
      t.match(head, /x-content-type-options: nosniff/i, `${name}: nosniff`);
    }
  }
});

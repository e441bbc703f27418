import t from 'tap';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import {
  ErrorBody,
  Health,
  Metrics,
  ProductPage,
  Snapshot,
  type Status,
} from '../../server/http/contract.ts';
import { LetterItems } from '../../server/http/contract-letters.ts';
import { build } from '../fixtures/http.ts';

/** The body, when it is just what the contract says. */
function checked(schema: TSchema, payload: string) {
  const faults = [...Value.Errors(schema, JSON.parse(payload))];
  if (faults.length > 0) throw new Error(`${payload}: ${JSON.stringify(faults)}`);
  return JSON.parse(payload);
}

t.test('GET /metrics', async (t) => {
  const { app, source, clock } = await build(t);

  t.test('begins with zeros', async (t) => {
    const { payload, headers } = await app.inject('/metrics');
    t.match(checked(Metrics, payload), { totalCount: 0, overallAveragePrice: 0, perProduct: {} });
    t.match(headers, { 'content-type': /^application\/json/, 'cache-control': 'no-store' });
  });

  t.test('has the count and average of every product, whatever its name', async (t) => {
    const names = ['Item1', '__proto__', 'constructor', 'hasOwnProperty', 'a\u2028b', 'ž 🐎', '"'];
    for (const name of names) source.order(name, 2);
    source.order('Item1', 4);
    clock.advance(100);
    const metrics = checked(Metrics, (await app.inject('/metrics')).payload);
    t.same(Object.keys(metrics.perProduct).sort(), names.sort());
    t.same(Object.getOwnPropertyDescriptor(metrics.perProduct, '__proto__')?.value, {
      count: 1,
      averagePrice: 2,
    });
    t.same(metrics.perProduct.Item1, { count: 2, averagePrice: 3 });
    t.equal(metrics.totalCount, names.length + 1);
  });

  t.test('is the Prometheus text for who prefers it', async (t) => {
    const { payload, headers } = await app.inject({
      url: '/metrics',
      headers: { accept: 'text/plain' },
    });
    t.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
    const openMetrics = { accept: 'application/openmetrics-text; version=1.0.0' };
    const other = await app.inject({ url: '/metrics', headers: openMetrics });
    t.match(other.headers['content-type'], /^application\/openmetrics-text; version=1\.0\.0/);
    t.ok(other.payload.endsWith('# EOF\n'));
    t.match(headers.vary, /Accept/);
    t.match(payload, /^orders_processed_total 8$/m);
  });

  t.test('has a path of its own for the Prometheus text, whatever is preferred', async (t) => {
    for (const accept of [undefined, '*/*', 'application/json']) {
      const headers = accept === undefined ? {} : { accept };
      const answer = await app.inject({ url: '/metrics/prometheus', headers });
      t.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/);
      t.match(answer.payload, /^orders_processed_total 8$/m);
    }
  });
});

t.test('GET /dlq', async (t) => {
  const { app, source } = await build(t);
  for (let i = 0; i < 30; i++) source.deadLetter(`order-${i}`);

  t.test('gives the newest 20, newest first', async (t) => {
    const items = checked(LetterItems, (await app.inject('/dlq')).payload);
    t.equal(items.length, 20);
    t.match(items[0], { orderId: 'order-29', reason: /^RETRIES_EXHAUSTED/ });
  });

  t.test('gives as many as asked for', async (t) => {
    for (const [limit, count] of [
      [1, 1],
      [25, 25],
      [1000, 30],
    ]) {
      const { payload } = await app.inject(`/dlq?limit=${limit}`);
      t.equal(checked(LetterItems, payload).length, count);
    }
  });

  t.test('refuses any other query', async (t) => {
    const queries = [
      'limit=0',
      'limit=-1',
      'limit=1001',
      'limit=1e3',
      'limit=1.5',
      'limit=',
      'limit=x',
    ];
    for (const query of [...queries, 'limit=1&limit=2', 'limit[]=1', 'offset=1', '__proto__=1']) {
      const { statusCode, payload } = await app.inject(`/dlq?${query}`);
      t.equal(statusCode, 400, query);
      t.match(checked(ErrorBody, payload), { error: 'BAD_QUERY', message: /from 1 to 1000/ });
    }
  });
});

t.test('GET /api/products', async (t) => {
  const { app, source } = await build(t);
  for (let i = 0; i < 130; i++) source.order(`Item${i}`, i);

  t.test('is a page', async (t) => {
    const { payload, headers } = await app.inject('/api/products?page=3');
    const page = checked(ProductPage, payload);
    t.match(page, { productCount: 130, matching: 130 });
    t.equal(page.products.length, 30);
    const beyond = checked(ProductPage, (await app.inject('/api/products?page=4')).payload);
    t.same(beyond.products, []);
    t.equal(headers['cache-control'], 'private, no-cache');
  });

  t.test('is not sent to who has it', async (t) => {
    const { headers } = await app.inject('/api/products?filter=Item1&size=5');
    const etag = String(headers.etag);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const request = {
        url: '/api/products?filter=Item1&size=5',
        headers: { 'if-none-match': known },
      };
      t.match(await app.inject(request), { statusCode: 304, payload: '', headers: { etag } });
    }
    source.order('Item1', 99);
    const request = {
      url: '/api/products?filter=Item1&size=5',
      headers: { 'if-none-match': etag },
    };
    t.equal((await app.inject(request)).statusCode, 200);
  });

  t.test('is sent whole as a file, of what the filter takes', async (t) => {
    source.order('=Item1()', 7);
    const csv = await app.inject('/api/products/export?format=csv&filter=Item1');
    t.equal(csv.headers['content-type'], 'text/csv; charset=utf-8');
    t.equal(csv.headers['content-disposition'], 'attachment; filename="products.csv"');
    const lines = csv.payload.split('\r\n');
    t.equal(lines[0], '"product","count","averagePrice"');
    t.ok(lines.includes(`"'=Item1()","1","7"`), 'no spreadsheet calculates it');
    t.equal(lines.length, 44, 'a head, Item1, Item10 to 19, Item100 to 129, =Item1(), and the end');
    const json = await app.inject('/api/products/export');
    t.equal(json.headers['content-type'], 'application/x-ndjson');
    const rows = json.payload
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    t.equal(rows.length, 131);
    t.same(rows[2], { product: 'Item2', count: 1, averagePrice: 2 });
    for (const query of ['format=xml', 'page=1', 'sort=price', 'format=csv&format=csv']) {
      const { statusCode, payload } = await app.inject(`/api/products/export?${query}`);
      t.equal(statusCode, 400, query);
      t.match(checked(ErrorBody, payload), { error: 'BAD_QUERY', message: /csv or jsonl/ });
    }
  });

  t.test('refuses any other query', async (t) => {
    const queries = [
      'page=0',
      'page=-1',
      'page=1e3',
      'page=1.5',
      'page=',
      'page=99999999',
      'page=x',
    ];
    queries.push('size=0', 'size=201', 'size=', 'sort=price', 'sort=', 'order=up', 'order=DESC');
    queries.push(
      'page=1&page=2',
      'page[]=1',
      'limit=1',
      '__proto__=1',
      `filter=${'x'.repeat(256)}`,
    );
    for (const query of queries) {
      const { statusCode, payload } = await app.inject(`/api/products?${query}`);
      t.equal(statusCode, 400, query);
      t.match(checked(ErrorBody, payload), { error: 'BAD_QUERY', message: /size \(1 to 200\)/ });
    }
  });
});

t.test('before anything is known, nothing is said to be 0', async (t) => {
  const { app, source, clock } = await build(t);
  source.order('Item1', 5);
  source.setKnown(false);
  source.setStatus({ phase: 'starting', reasons: ['reading what the group has come to'] });
  for (const url of ['/metrics', '/dlq', '/api/products', '/api/products/export']) {
    const { statusCode, payload, headers } = await app.inject(url);
    t.equal(statusCode, 503, url);
    t.match(checked(ErrorBody, payload), {
      error: 'NOT_KNOWN',
      message: /what the group has come/,
    });
    t.equal(headers['retry-after'], '1');
  }
  const snapshot = checked(Snapshot, (await app.inject('/api/snapshot')).payload);
  t.match(snapshot, { metrics: null, deadLetters: [], status: { phase: 'starting' } });
  const scrape = await app.inject({ url: '/metrics', headers: { accept: 'text/plain' } });
  t.equal(scrape.statusCode, 200);
  t.notMatch(scrape.payload, /^orders_/m);
  t.match(scrape.payload, /^service_ready 0$/m);
  source.setKnown(true);
  clock.advance(100);
  t.equal((await app.inject('/metrics')).statusCode, 200);
});

t.test('another method than those of the path gets 405 and hears which', async (t) => {
  const { app } = await build(t);
  const paths = [
    '/metrics',
    '/dlq',
    '/api/snapshot',
    '/api/products',
    '/health/live',
    '/health/ready',
  ];
  for (const url of [...paths, '/metrics?x=1']) {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const) {
      const { statusCode, headers, payload } = await app.inject({ method, url });
      t.equal(statusCode, 405, `${method} ${url}`);
      t.equal(headers.allow, 'GET, HEAD');
      t.match(checked(ErrorBody, payload), { error: 'METHOD_NOT_ALLOWED' });
    }
  }
  const stream = await app.inject({ method: 'HEAD', url: '/stream' });
  t.equal(stream.statusCode, 405);
  t.equal(stream.headers.allow, 'GET');
  t.equal((await app.inject({ method: 'POST', url: '/nothing' })).statusCode, 404);
});

t.test('HEAD is GET without the body', async (t) => {
  const { app } = await build(t);
  for (const url of ['/metrics', '/dlq', '/api/snapshot', '/api/products', '/health/live']) {
    const head = await app.inject({ method: 'HEAD', url });
    const get = await app.inject(url);
    t.equal(head.statusCode, 200, url);
    t.equal(head.payload, '');
    t.equal(head.headers['content-type'], get.headers['content-type']);
    t.ok([undefined, get.headers['content-length']].includes(head.headers['content-length']));
  }
});

t.test('GET /api/snapshot', async (t) => {
  const { app, source, clock } = await build(t);
  source.order('Item1', 5);
  source.deadLetter('order-1');

  t.test('is everything, named by epoch and number', async (t) => {
    const { payload, headers } = await app.inject('/api/snapshot');
    const snapshot = checked(Snapshot, payload);
    t.match(snapshot, { epoch: 1_700_000_000_000, seq: 1, metrics: { totalCount: 1 } });
    t.equal(snapshot.deadLetters.length, 1);
    t.match(headers, { etag: '"1700000000000-1"', 'cache-control': 'no-store' });
  });

  t.test('is not sent twice', async (t) => {
    const request = { url: '/api/snapshot', headers: { 'if-none-match': '"1700000000000-1"' } };
    t.match(await app.inject(request), { statusCode: 304, payload: '' });
    clock.advance(1000);
    t.match(await app.inject(request), { statusCode: 200, headers: { etag: '"1700000000000-2"' } });
  });
});

t.test('GET /health', async (t) => {
  const { app, source } = await build(t);
  const get = async (url: string) => {
    const { statusCode, payload } = await app.inject(url);
    return [statusCode, checked(Health, payload)];
  };
  t.same(await get('/health/live'), [200, { status: 'live', reasons: [] }]);
  t.same(await get('/health/ready'), [200, { status: 'ready', reasons: [], notes: [] }]);
  const broken: Partial<Status> = { phase: 'not-ready', reasons: ['Kafka does not answer'] };
  source.setStatus(broken);
  t.same(await get('/health/ready'), [
    503,
    { status: 'not-ready', reasons: ['Kafka does not answer'], notes: [] },
  ]);
  t.same(await get('/health/live'), [200, { status: 'live', reasons: [] }]);
});

t.test('errors are JSON with constant words', async (t) => {
  const { app, source, clock, failures } = await build(t);

  t.test('when there is nothing', async (t) => {
    for (const url of ['/nothing-here', '/Metrics', '/metrics/', '/api', '/redrive']) {
      const { statusCode, payload } = await app.inject(url);
      t.equal(statusCode, 404);
      t.same(checked(ErrorBody, payload), { error: 'NOT_FOUND', message: 'there is nothing here' });
    }
  });

  t.test('when the URL cannot be decoded', async (t) => {
    const { statusCode, payload, headers } = await app.inject('/%zz');
    t.equal(statusCode, 400);
    t.equal(checked(ErrorBody, payload).error, 'BAD_URL');
    t.equal(headers['x-content-type-options'], 'nosniff');
  });

  t.test('when the service itself is broken', async (t) => {
    const { read } = source;
    source.read = () => {
      throw new Error('secret detail');
    };
    for (let i = 0; i < 3; i++) {
      clock.advance(1000);
      const { statusCode, payload } = await app.inject('/api/snapshot');
      t.equal(statusCode, 500);
      t.same(checked(ErrorBody, payload), { error: 'INTERNAL', message: 'internal error' });
    }
    t.match(failures, [{ message: 'secret detail' }], 'the reason is for the log, once');
    t.equal(failures.length, 1);
    source.read = read;
    clock.advance(100);
    t.equal((await app.inject('/api/snapshot')).statusCode, 200, 'and it goes on');
  });
});

t.test('every answer forbids what the page does not need', async (t) => {
  const { app } = await build(t);
  for (const url of ['/metrics', '/dlq', '/', '/nothing', '/dlq?limit=0']) {
    const { headers } = await app.inject(url);
    const policy = String(headers['content-security-policy']).split(';');
    t.ok(policy.includes("default-src 'none'") && policy.includes("script-src 'self'"), url);
    t.notOk(policy.some((rule) => rule.includes('unsafe') || rule.includes('upgrade')));
    t.equal(headers['x-content-type-options'], 'nosniff');
    t.equal(headers['strict-transport-security'], undefined);
  }
});

t.test('a listed page may read, any other may not', async (t) => {
  const { app } = await build(t);
  const ask = (origin: string, url: string) =>
    app.inject({ url, headers: { origin, accept: 'application/json, text/plain, */*' } });
  for (const url of ['/metrics', '/dlq']) {
    const listed = await ask('http://localhost:5173', url);
    t.equal(listed.statusCode, 200);
    t.equal(listed.headers['access-control-allow-origin'], 'http://localhost:5173');
    t.match(listed.headers['content-type'], /json/);
    t.match(listed.headers.vary, /Origin/);
    for (const origin of ['http://evil.example', 'http://localhost:5174', 'null']) {
      const foreign = await ask(origin, url);
      t.notOk(Object.keys(foreign.headers).some((name) => name.startsWith('access-control')));
    }
  }
});

t.test('a preflight allows GET to a listed page and nothing to others', async (t) => {
  const { app } = await build(t);
  const preflight = (origin: string) =>
    app.inject({
      method: 'OPTIONS',
      url: '/metrics',
      headers: { origin, 'access-control-request-method': 'GET' },
    });
  const listed = await preflight('http://localhost:5173');
  t.equal(listed.statusCode, 204);
  t.equal(listed.headers['access-control-allow-methods'], 'GET');
  t.equal(listed.headers['access-control-allow-credentials'], undefined);
  const foreign = await preflight('http://evil.example');
  t.equal(foreign.statusCode, 403);
  t.notOk(Object.keys(foreign.headers).some((name) => name.startsWith('access-control')));
  t.equal((await app.inject({ method: 'OPTIONS', url: '/metrics' })).statusCode, 405);
  t.equal((await app.inject({ method: 'OPTIONS', url: '/nothing' })).statusCode, 404);
});

t.test('only names of this server are answered', async (t) => {
  const { app } = await build(t);
  const ask = async (host: string) =>
    (await app.inject({ url: '/metrics', headers: { host } })).statusCode;
  for (const host of [
    'localhost',
    'LOCALHOST:4000',
    '127.0.0.1:4000',
    '[::1]:4000',
    'orders.example',
    '10.1.2.3:4000',
    '[fe80::1]',
    '[::ffff:10.1.2.3]:4000',
  ]) {
    t.equal(await ask(host), 200, host);
  }
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    'localhost:4000:1',
    '::1',
    'localhost.',
    '2130706433',
    '0x7f.1',
    '127.1',
    '010.0.0.1',
    '256.0.0.1',
    '10.1.2.3.evil.example',
    '10.1.2.3:',
    '[evil.example]',
    '[fe80::1%25eth0]',
    '[10.1.2.3]',
    '10.1.2.3@evil.example',
  ]) {
    t.equal(await ask(host), 421, host);
  }
});

t.test('what could change something must come from a page of this server', async (t) => {
  const { app } = await build(t);
  const send = async (headers: Record<string, string>) =>
    (await app.inject({ method: 'DELETE', url: '/dlq', headers })).statusCode;
  t.equal(await send({}), 405, 'there is nothing to change yet');
  t.equal(await send({ host: 'localhost:4000', origin: 'http://localhost:4000' }), 405);
  t.equal(await send({ 'sec-fetch-site': 'same-origin' }), 405);
  t.equal(await send({ host: 'localhost:4000', origin: 'http://localhost:5173' }), 403);
  t.equal(await send({ origin: 'null' }), 403);
  t.equal(await send({ 'sec-fetch-site': 'cross-site' }), 403);
  t.equal(await send({ 'sec-fetch-site': 'same-site' }), 403);
});

t.test('an origin that is no origin stops the start', async (t) => {
  for (const origin of ['*', 'localhost:5173', 'http://localhost:5173/', 'null']) {
    await t.rejects(build(t, { corsOrigins: [origin] }), { code: 'CONFIG' }, origin);
  }
});

t.test('GET /schema shows what orders are read with and what was decoded', async (t) => {
  const shown = {
    reader: { fingerprint: '09b2ace08d873a9d', schema: { type: 'record', name: 'Order' } },
    registry: 'http://localhost:8081',
    writers: [{ framing: 'raw', id: null, fingerprint: null, name: null, decoded: 3, refused: 1 }],
  } as const;
  const { app } = await build(t, { schemas: () => ({ ...shown, writers: [...shown.writers] }) });
  const response = await app.inject('/schema');
  t.equal(response.statusCode, 200);
  t.equal(response.headers['cache-control'], 'no-store');
  t.same(response.json(), shown);
});

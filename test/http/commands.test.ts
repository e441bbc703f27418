import t, { type Test } from 'tap';
import { Value } from 'typebox/value';
import { TransientError } from '../../server/errors.ts';
import type { AppDeps } from '../../server/http/app.ts';
import {
  EditAnswer,
  PauseAnswer,
  RedriveAnswer,
  RedriveShown,
  Redrives,
} from '../../server/http/contract-commands.ts';
import { someLetter } from '../fixtures/dead-letters.ts';
import { build, listen, parseEvents, rawClient, unchunk } from '../fixtures/http.ts';
import { aReport, fakeCommands } from '../fixtures/letters.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'OPTIONS';
type Sent = { headers?: Record<string, string>; body?: unknown; raw?: string };

async function desk(t: Test, deps: Partial<AppDeps> = {}) {
  const made = await build(t, deps);
  const send = async (method: Method, url: string, { headers = {}, body, raw }: Sent = {}) => {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const type = payload === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await made.app.inject({
      method,
      url,
      headers: { host: 'localhost', ...type, ...headers },
      ...(payload === undefined ? {} : { payload }),
    });
    const text = answer.payload;
    return { status: answer.statusCode, headers: answer.headers, body: text && JSON.parse(text) };
  };
  const asked = () => made.commands.asked.map(({ what }) => what);
  return { ...made, send, asked };
}

const IDS = { selection: { ids: ['0-7'] } };

t.test(
  'a redrive is asked for, and answered with its id and how many letters it selects',
  async (t) => {
    const { send, commands, audited } = await desk(t);
    const headers = { 'x-requested-by': 'ann' };
    const { status, body } = await send('POST', '/redrives', {
      headers,
      body: { ...IDS, why: 'the gateway is back' },
    });
    t.equal(status, 202);
    t.ok(Value.Check(RedriveAnswer, body));
    t.match(body, { id: 'c1', selected: 2, alreadyRedriven: 1, parked: 0, sample: ['0-7'] });
    t.match(commands.asked, [
      {
        what: 'redrive',
        request: {
          selection: { places: [{ partition: 0, offset: 7 }] },
          rate: 50,
          notBefore: 0,
          canary: null,
          maxRedrives: 3,
          value: null,
          why: 'the gateway is back',
        },
        who: { by: 'ann', from: '127.0.0.1' },
      },
    ]);
    t.match(audited, [
      {
        action: 'POST /redrives',
        outcome: 'done',
        status: 202,
        by: 'ann',
        from: '127.0.0.1',
        id: 'c1',
      },
    ]);
  },
);

t.test('a filter, a rate, a delay and a canary reach the desk as they are', async (t) => {
  const { send, commands } = await desk(t);
  const filter = { code: 'PERMANENT', group: 'PERMANENT: x', q: 'é', from: '2026-01-01' };
  const body = {
    selection: { filter: { ...filter, to: '1767312000000' } },
    rate: null,
    delayMs: 5000,
    canary: { count: 5, maxFailed: 0.2 },
    maxRedrives: 9,
  };
  const before = Date.now();
  t.equal((await send('POST', '/redrives', { body })).status, 202);
  const { request } = commands.asked[0]! as { request: { notBefore: number } };
  t.match(request, {
    selection: { filter: { ...filter, from: Date.UTC(2026, 0, 1), to: 1767312000000 } },
    rate: null,
    canary: { count: 5, maxFailed: 0.2 },
    maxRedrives: 9,
  });
  t.ok(request.notBefore >= before + 5000 && request.notBefore <= Date.now() + 5000);
});

t.test(
  'a dry run asks the desk for nothing but numbers, and leaves no line in the log',
  async (t) => {
    const { send, asked, audited } = await desk(t);
    const { status, body } = await send('POST', '/redrives', { body: { ...IDS, dryRun: true } });
    t.equal(status, 200);
    t.match(body, { id: null, selected: 2 });
    t.same(asked(), ['preview']);
    t.same(audited, []);
  },
);

t.test(
  'every member of a redrive has bounds, and nothing reaches the desk beyond them',
  async (t) => {
    const { send, asked, audited } = await desk(t);
    const filter = (members: object) => ({ selection: { filter: members } });
    const ids = (...all: unknown[]) => ({ selection: { ids: all } });
    const bad: unknown[] = [
      ...[null, [], 'x', 1, {}, { selection: null }, { selection: {} }, { selection: [] }],
      { selection: { ids: ['0-1'], filter: {} } },
      { selection: { all: true } },
      ...[ids(), ids(1), ids('x'), ids('0-1', '0-1'), ids('-1-0'), ids('orders-0-1'), ids('0-1 ')],
      ...[ids(['0-1']), ids(`0-${'9'.repeat(16)}`), ids(`0-${'9'.repeat(17)}`), ids('10000-1')],
      ...[filter({ code: 'lower' }), filter({ code: '' }), filter({ code: 'A'.repeat(65) })],
      ...[filter({ group: '' }), filter({ group: 'x'.repeat(201) }), filter({ q: '' })],
      ...[filter({ q: 'x'.repeat(201) }), filter({ q: 1 }), filter({ from: 'now' })],
      ...[filter({ from: 1 }), filter({ from: '2026-13-01' }), filter({ state: 'open' })],
      filter({ from: '2026-01-02', to: '2026-01-01' }),
      ...[0, -1, 1.5, 1_000_001, '50', true].map((rate) => ({ ...IDS, rate })),
      ...[-1, 86_400_001, '1', null].map((delayMs) => ({ ...IDS, delayMs })),
      ...[0, 1001, 1.5, null].map((maxRedrives) => ({ ...IDS, maxRedrives })),
      ...['true', 1, null].map((dryRun) => ({ ...IDS, dryRun })),
      ...['x'.repeat(501), 'a\nb', '\u0000', 1].map((why) => ({ ...IDS, why })),
      ...[{}, { count: 1 }, { count: 0, maxFailed: 0 }, { count: 100_001, maxFailed: 0 }].map(
        (canary) => ({ ...IDS, canary }),
      ),
      ...[{ count: 1, maxFailed: 1.1 }, { count: 1, maxFailed: -0.1 }, [1, 2]].map((canary) => ({
        ...IDS,
        canary,
      })),
      { ...IDS, value: 'x' },
      { ...IDS, secret: 1 },
    ];
    // Each from an address of its own would not do: 60 at once is what one address gets.
    for (const body of bad.slice(0, 55)) {
      const { status, body: answer } = await send('POST', '/redrives', { body });
      t.equal(status, 400, JSON.stringify(body));
      t.match(answer, { error: /^BAD_(BODY|TIME)$/, message: /./ });
      t.notMatch(answer.message, /secret|lower|orders-0/, 'nothing is repeated');
    }
    t.same(asked(), []);
    t.equal(audited.length, 55);
    t.ok(audited.every(({ outcome, error }) => outcome === 'refused' && /^BAD_/.test(`${error}`)));
    const other = await desk(t);
    for (const body of bad.slice(55)) {
      t.equal((await other.send('POST', '/redrives', { body })).status, 400, JSON.stringify(body));
    }
    t.same(other.asked(), []);
  },
);

t.test(
  'bodies that are no JSON, bombs, or of another type are refused before they are looked at',
  async (t) => {
    const { send, asked, audited } = await desk(t);
    const nested = `${'['.repeat(2000)}${']'.repeat(2000)}`;
    const bodies: [string, number][] = [
      ['', 400],
      ['{', 400],
      ['null', 400],
      [`{"selection":{"ids":${nested}}}`, 400],
      [`{"selection":{"ids":["0-1"]},"why":"${'x'.repeat(5000)}"}`, 413],
      ['{"__proto__":{"a":1},"selection":{"ids":["0-1"]}}', 400],
      ['{"constructor":{"prototype":{"a":1}},"selection":{"ids":["0-1"]}}', 400],
      ['{"selection":{"ids":["0-1"]},"selection":{"ids":["0-2"]}}', 202],
    ];
    for (const [raw, expected] of bodies) {
      t.equal((await send('POST', '/redrives', { raw })).status, expected, raw.slice(0, 60));
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json\tx']) {
      const sent = { raw: JSON.stringify(IDS), headers: { 'content-type': type } };
      t.equal((await send('POST', '/redrives', sent)).status, 415, type);
    }
    t.same(asked(), ['redrive'], 'of two members with one name the last counts');
    t.equal(audited.length, bodies.length + 3);
  },
);

t.test('what the desk refuses is told in its words, with a status of its own', async (t) => {
  const { send, commands } = await desk(t);
  const codes: [string, number][] = [
    ['UNKNOWN_LETTER', 404],
    ['NOTHING_SELECTED', 422],
    ['BAD_COMMAND', 400],
    ['NOT_KNOWN_YET', 503],
    ['NOT_READ', 503],
    ['NOT_WRITTEN', 503],
  ];
  for (const [code, expected] of codes) {
    commands.refuse = code;
    const { status, body } = await send('POST', '/redrives', { body: IDS });
    t.same([status, body], [expected, { error: code, message: 'the desk said no' }]);
  }
  commands.refuse = 'SOMETHING_ELSE';
  t.match(await send('POST', '/redrives', { body: IDS }), {
    status: 500,
    body: { error: 'INTERNAL', message: 'internal error' },
  });
});

t.test(
  'redrives are listed and shown, cancelled by their id, and unknown ones are unknown',
  async (t) => {
    const { send, commands, audited } = await desk(t);
    commands.reports = [aReport({ id: 'c2', sent: 1, processed: 1 }), aReport({ id: 'c1' })];
    const list = (await send('GET', '/redrives?limit=1')).body;
    t.ok(Value.Check(Redrives, list));
    t.match(list, { total: 2, redrives: [{ id: 'c2', selection: { ids: ['0-7'] } }] });
    t.ok(Value.Check(RedriveShown, (await send('GET', '/redrives/c1')).body));
    const { status, body } = await send('DELETE', '/redrives/c2?why=wrong%20group');
    t.match([status, body], [200, { id: 'c2', state: 'cancelled', sent: 1 }]);
    t.match(audited, [{ action: 'DELETE /redrives/:id', id: 'c2', sent: 1, why: 'wrong group' }]);
    for (const method of ['GET', 'DELETE'] as const) {
      const answer = await send(method, '/redrives/nothing');
      t.match(answer, { status: 404, body: { error: 'UNKNOWN_COMMAND' } });
    }
    t.equal((await send('DELETE', `/redrives/c2?why=${'x'.repeat(501)}`)).status, 400);
    commands.reports = null;
    t.match(await send('GET', '/redrives'), { status: 503, body: { error: 'NOT_KNOWN' } });
  },
);

t.test(
  'an edited letter is checked against the schema first, and answered with what differs',
  async (t) => {
    const { send, commands, asked, world } = await desk(t);
    const value = encodeSomeOrder({ orderId: 'o-1', product: 'Item1', price: -2 });
    await world.write(0, someLetter({ origin: 1, value }), someLetter({ origin: 2, value: null }));
    const edit = (id: string, edited: unknown, more = {}) =>
      send('PUT', `/dlq/${id}/redrive`, { body: { value: edited, ...more } });
    const json = { orderId: 'o-1', product: 'Item1', price: 2 };

    const { status, body } = await edit('0-0', { json });
    t.equal(status, 202);
    t.ok(Value.Check(EditAnswer, body));
    t.same(body.difference, [{ field: 'price', before: -2, after: 2 }]);
    t.same(commands.asked[0]?.request, {
      selection: { places: [{ partition: 0, offset: 0 }] },
      rate: 50,
      notBefore: 0,
      canary: null,
      maxRedrives: 3,
      value: encodeSomeOrder(json),
      why: '',
    });
    const base64 = encodeSomeOrder(json).toString('base64');
    t.match((await edit('0-1', { base64 }, { dryRun: true })).body, {
      id: null,
      difference: [{ field: 'orderId', before: null, after: 'o-1' }, {}, {}],
    });
    t.same(asked(), ['redrive', 'preview']);

    const bad: [unknown, number, RegExp][] = [
      [{ json: { ...json, price: -1 } }, 422, /PRICE_NEGATIVE/],
      [{ json: { ...json, price: '1' } }, 422, /price is missing or no float/],
      [{ json: { orderId: 'a' } }, 422, /product is missing/],
      [{ json: { ...json, more: 1 } }, 422, /other fields than orderId, product, price/],
      ...[null, [], 'x'].map((json): [unknown, number, RegExp] => [{ json }, 422, /is an object/]),
      [{ base64: '' }, 422, /EMPTY/],
      [{ base64: 'AAAA' }, 422, /MALFORMED|FIELD_EMPTY/],
      [{ base64: Buffer.alloc(65_000, 2).toString('base64') }, 422, /TRAILING/],
      [{ base64: Buffer.alloc(9).toString('base64') }, 422, /SCHEMA_UNKNOWN/],
      [{ base64: '*' }, 400, /base64/],
      [{ json, base64: 'AAAA' }, 400, /value/],
      [{}, 400, /value/],
      [undefined, 400, /value/],
    ];
    for (const [edited, status, message] of bad) {
      t.match(await edit('0-0', edited), { status, body: { message } }, JSON.stringify(edited));
    }
    t.equal((await edit('0-0', { base64: 'A'.repeat(100_000) })).status, 413);
    t.match((await edit('0-9', { json })).body, { error: 'NO_SUCH_LETTER' });
    t.match((await edit('9-9', { json })).body, { error: 'NO_SUCH_LETTER' });
    t.match((await edit('x', { json })).body, { error: 'NO_SUCH_LETTER' });
    await world.expire(0, 1);
    t.match(await edit('0-0', { json }), { status: 404, body: { error: 'EXPIRED' } });
    t.equal(asked().length, 2, 'none of them reached the desk');
  },
);

t.test('partitions are paused and resumed, all or some, for a reason', async (t) => {
  const { send, commands, audited } = await desk(t);
  const all = await send('POST', '/pause', { body: { why: 'the gateway is down' } });
  t.equal(all.status, 200);
  t.ok(Value.Check(PauseAnswer, all.body));
  t.same(all.body.changed, [0, 1, 2]);
  await send('POST', '/resume', { body: { partitions: [1], why: 'up again' } });
  t.match(commands.asked, [
    { what: 'pause', request: { partitions: null, why: 'the gateway is down' } },
    { what: 'resume', request: { partitions: [1], why: 'up again' } },
  ]);
  t.match(audited, [{ action: 'POST /pause', partitions: [0, 1, 2] }, { action: 'POST /resume' }]);
  const bad = [{}, { why: '' }, { why: 'x', partitions: [] }, { why: 'x', partitions: [-1] }];
  const worse = [
    { why: 'x', partitions: [1, 1] },
    { why: 'x', partitions: ['1'] },
  ];
  for (const body of [...bad, ...worse, { why: 'x', partitions: [10_000] }, { why: 'x', all: 1 }]) {
    t.equal((await send('POST', '/pause', { body })).status, 400, JSON.stringify(body));
  }
  commands.refuse = 'UNKNOWN_PARTITION';
  const body = { why: 'x', partitions: [9] };
  t.equal((await send('POST', '/pause', { body })).status, 404);
});

const TOKEN = 't'.repeat(32);
const settings = (loopback: boolean, token: string | null = null, readOnly = false) => ({
  writing: { loopback, token, readOnly },
});

t.test(
  'on the loopback this machine may write without set-up, and other pages may not',
  async (t) => {
    const { send, asked, audited } = await desk(t, settings(true));
    const from = async (headers: Record<string, string>) =>
      (await send('POST', '/redrives', { headers, body: IDS })).status;
    t.equal(await from({ host: 'localhost:4000', origin: 'http://localhost:4000' }), 202);
    t.equal(await from({ host: '127.0.0.1:4000', 'sec-fetch-site': 'same-origin' }), 202);
    t.equal(await from({ host: '[::1]:4000' }), 202);
    t.equal(asked().length, 3);
    t.equal(await from({ host: 'localhost:4000', origin: 'http://localhost:5173' }), 403);
    t.equal(await from({ 'sec-fetch-site': 'cross-site' }), 403);
    t.equal(await from({ origin: 'null' }), 403);
    t.equal(await from({ host: 'evil.example' }), 421);
    t.equal(await from({ host: 'orders.example' }), 403, 'by the name of a proxy');
    t.equal(await from({ 'x-forwarded-for': '10.0.0.1' }), 403, 'through a proxy');
    t.equal(await from({ host: '10.0.0.1' }), 403);
    t.equal(await from({ 'x-requested-by': 'a\u00e9' }), 400);
    t.equal(await from({ 'x-requested-by': 'x'.repeat(65) }), 400);
    t.equal(asked().length, 3);
    t.equal(audited.filter(({ outcome }) => outcome === 'refused').length, 9);
    t.match(audited.at(3), { action: 'POST /redrives', status: 403, error: 'CROSS_SITE' });
  },
);

t.test('elsewhere it takes the token, and without one there is no writing', async (t) => {
  const none = await desk(t, settings(false));
  t.match(await none.send('POST', '/redrives', { body: IDS }), {
    status: 403,
    body: { error: 'WRITING_OFF', message: /ADMIN_TOKEN/ },
  });
  const { send, asked, audited } = await desk(t, settings(false, TOKEN));
  const given = (authorization?: string, url = '/redrives') =>
    send('POST', url, {
      body: IDS,
      headers: authorization === undefined ? {} : { authorization },
    });
  t.equal((await given(`Bearer ${TOKEN}`)).status, 202);
  t.equal((await given(`bearer ${TOKEN}`)).status, 202);
  for (const wrong of [
    undefined,
    'Bearer',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Basic ${TOKEN}`,
    TOKEN,
  ]) {
    const { status, headers, body } = await given(wrong);
    t.equal(status, 401, String(wrong));
    t.match([headers, body], [{ 'www-authenticate': 'Bearer' }, { error: 'UNAUTHORIZED' }]);
  }
  t.equal((await given(undefined, `/redrives?token=${TOKEN}`)).status, 401);
  t.equal(asked().length, 2);
  t.equal(audited.length, 9);
  t.notMatch(JSON.stringify(audited), TOKEN);
  const byToken = await desk(t, settings(true, TOKEN));
  t.equal((await byToken.send('POST', '/redrives', { body: IDS })).status, 401);
});

t.test('who is refused is refused before the body is read', async (t) => {
  const { app } = await desk(t, settings(false, TOKEN));
  const port = await listen(app);
  const head =
    'POST /redrives HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{';
  const client = rawClient(t, port, head);
  const answer = await client.until((bytes) => bytes.includes('UNAUTHORIZED'));
  t.match(answer.toString(), /^HTTP\/1\.1 401 /);
});

t.test('READ_ONLY turns all writing off, with the token too', async (t) => {
  const { send, asked, world } = await desk(t, settings(true, TOKEN, true));
  await world.write(0, someLetter({ origin: 1 }));
  const headers = { authorization: `Bearer ${TOKEN}` };
  const tries: [Method, string][] = [
    ['POST', '/redrives'],
    ['DELETE', '/redrives/c1'],
    ['PUT', '/dlq/0-0/redrive'],
    ['POST', '/pause'],
    ['POST', '/resume'],
  ];
  for (const [method, url] of tries) {
    const { status, body } = await send(method, url, { headers, body: IDS });
    t.same([status, body.error], [403, 'READ_ONLY'], url);
  }
  t.equal((await send('GET', '/redrives')).status, 200);
  t.same(asked(), []);
});

t.test(
  'what writes is written to with its own methods only, and who tries another is written down',
  async (t) => {
    const { send, asked, audited } = await desk(t);
    const tries: [Method, string, string][] = [
      ['GET', '/pause', 'POST'],
      ['GET', '/resume', 'POST'],
      ['GET', '/dlq/0-1/redrive', 'PUT'],
      ['POST', '/dlq/0-1/redrive', 'PUT'],
      ['PUT', '/redrives', 'POST, GET, HEAD'],
      ['DELETE', '/redrives', 'POST, GET, HEAD'],
      ['POST', '/redrives/c1', 'DELETE, GET, HEAD'],
      ['DELETE', '/dlq/0-1', 'GET, HEAD'],
      ['DELETE', '/dlq', 'GET, HEAD'],
    ];
    for (const [method, url, allow] of tries) {
      const { status, headers } = await send(method, url);
      t.equal(status, 405, `${method} ${url}`);
      t.same(`${headers.allow}`.split(', ').sort(), allow.split(', ').sort(), url);
    }
    const preflight = { origin: 'http://evil.example', 'access-control-request-method': 'POST' };
    t.equal((await send('OPTIONS', '/redrives', { headers: preflight })).status, 403);
    t.equal(audited.length, tries.length + 1);
    await send('GET', '/dlq/0-1');
    t.equal(audited.length, tries.length + 1, 'reading is not written down');
    t.same(asked(), []);
  },
);

t.test('one address commands sixty times at once and then twice a second', async (t) => {
  const { send, clock } = await desk(t);
  const status = async () => (await send('POST', '/pause', { body: { why: 'x' } })).status;
  for (let i = 0; i < 60; i += 1) await status();
  t.equal(await status(), 429);
  clock.advance(600);
  t.equal(await status(), 200);
  t.equal(await status(), 429);
});

t.test(
  'the stream tells of redrives and paused partitions as they change, and who may write',
  async (t) => {
    const { app, commands, clock } = await desk(t);
    commands.reports = [aReport({ id: 'c1' })];
    const port = await listen(app);
    const client = rawClient(t, port, 'GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const read = (bytes: Buffer) => {
      const body = bytes.indexOf('\r\n\r\n');
      return body < 0 ? [] : parseEvents(unchunk(bytes.subarray(body + 4)));
    };
    /** The first message that has the word in it. */
    const next = async (word: string) => {
      clock.advance(1000);
      const holds = ({ data }: { data: object }) => JSON.stringify(data).includes(word);
      const bytes = await client.until((bytes) => read(bytes).some(holds));
      return read(bytes).find(holds)!.data;
    };
    await client.until((bytes) => bytes.includes('retry:'));
    t.match(await next('"writing"'), {
      redrives: [{ id: 'c1', state: 'waiting', sent: 0 }],
      paused: [],
      writing: { mode: 'open', why: null },
    });
    commands.reports = [aReport({ id: 'c1', state: 'sending', sent: 1 })];
    t.match(await next('"sending"'), { redrives: [{ id: 'c1', state: 'sending', sent: 1 }] });
    commands.paused = [{ partition: 1, at: 0, by: 'ann', why: 'x', breaker: false }];
    const paused = await next('"breaker"');
    t.match(paused, { paused: [{ partition: 1, by: 'ann' }] });
    t.notOk('redrives' in paused, 'what did not change is not told again');
  },
);

t.test('lessons are given where there are some, to who may write', async (t) => {
  const given: string[] = [];
  const lessons = (failing = false) => ({
    async samples() {
      if (failing) throw new TransientError('Kafka is away');
      return 20;
    },
    bad: async () => 14,
    fail: () => void given.push('fail'),
    stop: () => void given.push('stop'),
  });
  const { send } = await desk(t, { commands: { ...fakeCommands(), teach: lessons() } });
  const teach = (lesson: string, headers = {}) =>
    send('POST', '/teach', { body: { lesson }, headers });
  t.match(await teach('samples'), { status: 200, body: { sent: 20 } });
  t.match(await teach('bad'), { status: 200, body: { sent: 14 } });
  t.match(await teach('fail'), { status: 200, body: { sent: 0 } });
  t.match(await teach('stop'), { status: 200, body: { sent: 0 } });
  t.same(given.splice(0), ['fail', 'stop']);
  t.equal((await teach('everything')).status, 400);
  t.equal((await teach('fail', { 'sec-fetch-site': 'cross-site' })).status, 403);
  t.equal((await teach('fail', { 'x-forwarded-for': '10.0.0.1' })).status, 403);

  const away = await desk(t, { commands: { ...fakeCommands(), teach: lessons(true) } });
  t.match(await away.send('POST', '/teach', { body: { lesson: 'samples' } }), {
    status: 503,
    body: { error: 'NOT_WRITTEN', message: 'Kafka is away' },
  });
  const earnest = await desk(t);
  const answer = await earnest.send('POST', '/teach', { body: { lesson: 'samples' } });
  t.equal(answer.status, 404, 'nobody plays with a real Kafka');
});

// Every member of every command at its bounds and beyond them, and everybody who may not command.
import t, { type Test } from 'tap';
import type { AppDeps } from '../../server/http/app.ts';
import type { RedriveRequest } from '../../server/http/commands.ts';
import type { Command, Selection } from '../../server/log/command.ts';
import { decodeCommand, encodeCommand } from '../../server/log/command.ts';
import { encodeOrder } from '../../server/orders/order.ts';
import { someLetter } from '../fixtures/dead-letters.ts';
import { build } from '../fixtures/http.ts';
import { aReport } from '../fixtures/letters.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';

async function desk(t: Test, deps: Partial<AppDeps> = {}) {
  const made = await build(t, deps);
  let caller = 0;
  /** Each request from an address of its own: one address gets only so many. */
  const send = async (
    method: Method,
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    caller += 1;
    const payload = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await made.app.inject({
      method,
      url,
      remoteAddress: `127.0.${caller >> 8}.${caller & 255}`,
      headers: {
        host: 'localhost',
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(payload === undefined ? {} : { payload }),
    });
    return { status: answer.statusCode, body: answer.payload && JSON.parse(answer.payload) };
  };
  return { ...made, send };
}

const IDS = { selection: { ids: ['0-7'] } };
const filter = (members: object) => ({ selection: { filter: members } });
const text = (length: number, character = 'x') => character.repeat(length);

const atBounds: object[] = [
  ...[1, 1_000_000, null].map((rate) => ({ ...IDS, rate })),
  ...[0, -0, 86_400_000].map((delayMs) => ({ ...IDS, delayMs })),
  ...[1, 1000].map((maxRedrives) => ({ ...IDS, maxRedrives })),
  ...['', text(500), text(500, '😀')].map((why) => ({ ...IDS, why })),
  ...[
    null,
    { count: 1, maxFailed: 0 },
    { count: 100_000, maxFailed: 1 },
    { count: 1, maxFailed: 0.5 },
  ].map((canary) => ({ ...IDS, canary })),
  { selection: { ids: ['0-0'] } },
  { selection: { ids: ['9999-9007199254740991'] } },
  { selection: { ids: Array.from({ length: 300 }, (_, n) => `0-${100_000 + n}`) } },
  ...[{}, { code: 'A' }, { code: text(64, 'A') }, { code: 'A_B' }].map(filter),
  ...[{ group: 'x' }, { group: text(200) }, { group: text(200, '😀') }].map(filter),
  ...[{ q: 'x' }, { q: text(200, '😀') }, { q: '\u0000' }].map(filter),
  ...[
    { from: '1970-01-01' },
    { to: '9999-12-31T23:59:59.999Z' },
    { from: '000000000000' },
    { to: '999999999999999' },
    { from: '2024-02-29' },
    { from: '2026-01-01T00:00+23:59', to: '2026-01-01T00:00:00.001-23:59' },
  ].map(filter),
];

t.test(
  'at its bounds every member is taken, and becomes a command that can be followed',
  async (t) => {
    const { send, commands } = await desk(t);
    for (const body of atBounds) {
      const { status, body: answer } = await send('POST', '/redrives', body);
      t.equal(status, 202, `${JSON.stringify(body).slice(0, 100)} ${JSON.stringify(answer)}`);
    }
    t.equal(commands.asked.length, atBounds.length);
    for (const { request } of commands.asked) {
      const command = commandOf(request as RedriveRequest);
      t.same(decodeCommand(encodeCommand(command)), command);
    }
  },
);

/** As the desk writes it for a partition; offsets of which Kafka has none are left to it. */
function commandOf({ selection, why, ...how }: RedriveRequest): Command {
  const author = { group: 'g', id: 'c1', at: 1, by: 'ada', from: '::1', why };
  const frozen: Selection =
    'filter' in selection
      ? { kind: 'filter', filter: selection.filter, below: 2 ** 52 - 1 }
      : { kind: 'offsets', offsets: selection.places.map(({ offset }) => offset % 2 ** 52) };
  return { ...author, kind: 'redrive', selection: frozen, selected: 1, ...how };
}

const beyondBounds: unknown[] = [
  ...['2026-02-30', '2026-02-29', '2026-04-31T00:00Z', '2026-01-01T25:00Z', '2026-01-01T00:00'].map(
    (from) => filter({ from }),
  ),
  ...['2026-01-01T00:00+99:99', '99999999999', '1e12', ' 2026-01-01', '9999999999999999'].map(
    (to) => filter({ to }),
  ),
  filter({ from: '1767312000000', to: '1767312000000' }),
  ...[{ group: 1 }, { group: null }, { code: null }, { q: null }, { q: text(201, '😀') }].map(
    filter,
  ),
  ...[{ ids: '0-1' }, { ids: { length: 1 } }, { ids: null }, { filter: null }, { filter: [] }].map(
    (selection) => ({ selection }),
  ),
  '{"selection":{"ids":["0-7"]},"rate":1e400}',
  '{"selection":{"ids":["0-7"]},"rate":-1e400}',
  '{"selection":{"ids":["0-7"]},"\\u005f_proto__":{"rate":1}}',
  `{"selection":{"ids":["0-7"]},"canary":${'{"count":'.repeat(300)}1${'}'.repeat(300)}}`,
  `{"selection":${'['.repeat(2000)}${']'.repeat(2000)}}`,
];

t.test('beyond its bounds no member reaches the desk, and what is wrong is said', async (t) => {
  const { send, commands, audited } = await desk(t);
  for (const body of beyondBounds) {
    const { status, body: answer } = await send('POST', '/redrives', body);
    t.equal(status, 400, JSON.stringify(body).slice(0, 100));
    t.match(answer, { error: /^BAD_/, message: /./ });
  }
  const many = { selection: { ids: Array.from({ length: 1001 }, (_, n) => `0-${n}`) } };
  t.match(await send('POST', '/redrives', many), {
    status: 413,
    body: { error: 'PAYLOAD_TOO_LARGE', message: /at most 4096 bytes/ },
  });
  t.same(commands.asked, []);
  t.equal(audited.length, beyondBounds.length + 1, 'each is written down');
});

t.test('of an edited letter every member has the same bounds', async (t) => {
  const { send, commands, world } = await desk(t);
  const order = { orderId: 'o', product: 'p', price: 1 };
  await world.write(0, someLetter({ origin: 1, value: encodeOrder(order) }));
  const value = { json: { ...order, price: 2 } };
  const edit = (body: unknown) => send('PUT', '/dlq/0-0/redrive', body);
  const good = [
    { rate: 1 },
    { rate: null, delayMs: 86_400_000, maxRedrives: 1000, why: text(500) },
  ];
  for (const how of good) t.equal((await edit({ value, ...how })).status, 202, JSON.stringify(how));
  const bad: object[] = [
    ...[{ rate: 0 }, { rate: 1_000_001 }, { delayMs: -1 }, { delayMs: 86_400_001 }],
    ...[{ maxRedrives: 0 }, { maxRedrives: 1001 }, { dryRun: 'no' }, { why: text(501) }],
    ...[{ why: 'a\tb' }, { canary: null }, { selection: IDS.selection }, { value: null }],
    ...[{ value: 'x' }, { value: { base64: 'A'.repeat(87_385) } }, { value: { base64: 'AA=A' } }],
  ];
  for (const how of bad) {
    const { status, body } = await edit({ value, ...how });
    t.match({ status, body }, { status: 400, body: { error: 'BAD_BODY' } }, JSON.stringify(how));
  }
  const bomb = `{"value":{"json":${'['.repeat(40_000)}${']'.repeat(40_000)}}}`;
  t.match(await edit(bomb), { status: 422, body: { error: 'BAD_VALUE' } });
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`member${n}`, n]));
  t.match(await edit({ value: { json: { ...order, ...wide } } }), { status: 422 });
  t.equal(commands.asked.length, good.length);
});

t.test('names and parameters of commands have bounds too', async (t) => {
  const { send, commands } = await desk(t);
  commands.reports = [aReport({ id: 'c1' })];
  for (const id of ['c2', '__proto__', 'constructor', '%00', '..%2fc1', 'C1', text(90), '😀']) {
    for (const method of ['GET', 'DELETE'] as const) {
      const { status, body } = await send(method, `/redrives/${encodeURI(decodeURIComponent(id))}`);
      t.equal(status, 404, `${method} ${id}`);
      t.match(body, { error: /UNKNOWN_COMMAND|NOT_FOUND/ });
    }
  }
  for (const limit of ['0', '1001', '-1', '1e2', '', ' 1', '1&limit=2', '1&before=2']) {
    t.equal((await send('GET', `/redrives?limit=${limit}`)).status, 400, limit);
  }
  for (const why of [text(501), '%0a', '%00', 'a&why=b', 'a&force=1']) {
    t.equal((await send('DELETE', `/redrives/c1?why=${why}`)).status, 400, why);
  }
  for (const limit of ['1', '1000']) {
    t.equal((await send('GET', `/redrives?limit=${limit}`)).status, 200, limit);
  }
  t.equal((await send('DELETE', `/redrives/c1?why=${text(500)}`)).status, 200);
});

t.test('the partitions of a pause are some of those that there are', async (t) => {
  const { send, commands } = await desk(t);
  const good = [{}, { partitions: null }, { partitions: [0] }, { partitions: [9999, 0] }];
  for (const path of ['/pause', '/resume']) {
    for (const body of good) t.equal((await send('POST', path, { why: 'x', ...body })).status, 200);
    const bad: object[] = [
      ...[1.5, null, '0', -1, 10_000].map((partition) => ({ partitions: [partition] })),
      ...[{ partitions: 0 }, { partitions: {} }, { partitions: [[]] }, { why: null }, { why: 1 }],
      ...[{ why: text(501) }, { why: 'a\u007f' }, { partitions: [0, 0] }],
      { partitions: Array.from({ length: 1001 }, (_, n) => n) },
    ];
    for (const body of bad) {
      const { status } = await send('POST', path, { why: 'x', ...body });
      t.ok(status === 400 || status === 413, JSON.stringify(body).slice(0, 60));
    }
  }
  t.equal(commands.asked.length, 2 * good.length);
});

const WRITES: [Method, string, unknown][] = [
  ['POST', '/redrives', IDS],
  ['DELETE', '/redrives/c1', undefined],
  ['PUT', '/dlq/0-0/redrive', { value: { json: { orderId: 'o', product: 'p', price: 1 } } }],
  ['POST', '/pause', { why: 'x' }],
  ['POST', '/resume', { why: 'x' }],
];
const TOKEN = text(32, 't');
const SOMEBODY_ELSE: [number, Record<string, string>][] = [
  [403, { origin: 'http://evil.example' }],
  [403, { origin: 'null' }],
  [403, { 'sec-fetch-site': 'same-site' }],
  [403, { 'sec-fetch-site': 'cross-site', authorization: `Bearer ${TOKEN}` }],
  [421, { host: 'evil.example' }],
  [415, { 'content-encoding': 'gzip' }],
];
const WITHOUT_THE_TOKEN: [number, Record<string, string>][] = [
  [401, {}],
  [401, { authorization: `Bearer ${text(32, 'u')}` }],
  [401, { authorization: 'Bearer ' }],
  [401, { cookie: `token=${TOKEN}` }],
];

t.test('whoever may not command is refused by every command, and written down', async (t) => {
  const open = { writing: { loopback: true, token: null, readOnly: false } };
  const locked = { writing: { loopback: true, token: TOKEN, readOnly: false } };
  for (const [settings, tries] of [
    [open, SOMEBODY_ELSE],
    [locked, [...SOMEBODY_ELSE, ...WITHOUT_THE_TOKEN]],
  ] as const) {
    const { send, commands, audited, world } = await desk(t, settings);
    await world.write(0, someLetter({ origin: 1 }));
    commands.reports = [aReport({ id: 'c1' })];
    for (const [method, url, body] of WRITES) {
      for (const [expected, headers] of tries) {
        const before = audited.length;
        const { status } = await send(method, url, body, headers);
        t.equal(status, expected, `${method} ${url} ${JSON.stringify(headers)}`);
        t.match(audited.slice(before), [{ outcome: 'refused', status, from: /^127\./ }]);
      }
    }
    t.same(commands.asked, []);
    t.notMatch(JSON.stringify(audited), TOKEN);
  }
});

t.test('a command cannot be given by reading, and who tries is written down', async (t) => {
  const { send, commands, audited } = await desk(t);
  for (const url of ['/pause', '/resume', '/dlq/0-0/redrive', '/pause?why=x']) {
    for (const method of ['GET', 'HEAD'] as const) {
      const before = audited.length;
      t.equal((await send(method, url)).status, 405, `${method} ${url}`);
      t.match(audited.slice(before), [{ outcome: 'refused', status: 405 }], `${method} ${url}`);
    }
  }
  t.same(commands.asked, []);
});

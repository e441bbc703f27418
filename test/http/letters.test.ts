import t, { type Test } from 'tap';
import { Value } from 'typebox/value';
import { LetterDetail, LetterGroups, LetterItems } from '../../server/http/contract-letters.ts';
import { redriveHeaders, someLetter } from '../fixtures/dead-letters.ts';
import { build } from '../fixtures/http.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';

const NOW = Date.UTC(2026, 0, 1);
const bytes = (text: string) => Buffer.from(text);

/** Ten letters in each of two partitions: two kinds, one of them every second. */
async function twenty(t: Test) {
  const made = await build(t);
  for (const partition of [0, 1]) {
    const letters = Array.from({ length: 10 }, (_, i) =>
      someLetter({
        origin: i,
        partition,
        text: i % 2 === 0 ? `PERMANENT: order ${i} is odd` : `PRICE_NEGATIVE: price is -${i}`,
        timestamp: NOW + i * 1000 + partition,
      }),
    );
    await made.world.write(partition, ...letters);
  }
  const get = async (url: string) => {
    const { payload, statusCode, headers } = await made.app.inject(url);
    return { statusCode, headers, payload, body: payload === '' ? null : JSON.parse(payload) };
  };
  return { ...made, get };
}

const ids = (items: { id: string }[]) => items.map(({ id }) => id);

t.test(
  'a list with a filter is newest first over all partitions, and its pages follow',
  async (t) => {
    const { get } = await twenty(t);
    const first = await get('/dlq?code=PERMANENT&limit=4');
    t.ok(Value.Check(LetterItems, first.body));
    t.same(ids(first.body), ['1-8', '0-8', '1-6', '0-6']);
    t.match(first.body[0], {
      code: 'PERMANENT',
      group: 'PERMANENT: order # is odd',
      state: 'open',
      orderId: 'o-8',
    });
    t.equal(
      first.headers['dead-letters'],
      'matching=10, held=20, older=0, read=20, total=20, complete=?1',
    );
    const seen = ids(first.body);
    for (let { link } = first.headers; link !== undefined; ) {
      const page = await get(/<(.*)>; rel="next"/.exec(String(link))![1]!);
      t.match(page.body[0], { code: 'PERMANENT' });
      seen.push(...ids(page.body));
      link = page.headers.link;
    }
    t.equal(new Set(seen).size, 10);
    t.equal(seen.length, 10);
  },
);

t.test(
  'letters that arrive between two pages are neither shown twice nor hide others',
  async (t) => {
    const { get, world } = await twenty(t);
    const first = await get('/dlq?limit=5&state=open');
    await world.write(0, someLetter({ origin: 99, timestamp: NOW + 99_000 }));
    const second = await get(/<(.*)>/.exec(String(first.headers.link))![1]!);
    t.same(ids(first.body), ['1-9', '0-9', '1-8', '0-8', '1-7']);
    t.same(ids(second.body), ['0-7', '1-6', '0-6', '1-5', '0-5']);
  },
);

t.test('a list is cut by time, group and state, each alone and together', async (t) => {
  const { get } = await twenty(t);
  const count = async (query: string) => (await get(`/dlq?limit=1000&${query}`)).body.length;
  t.equal(await count(`from=${NOW + 8000}`), 4);
  t.equal(await count(`from=2026-01-01T00:00:08.000Z&to=2026-01-01T00:00:08.001Z`), 1);
  t.equal(await count('to=2026-01-01'), 0);
  t.equal(await count('group=PRICE_NEGATIVE%3A%20price%20is%20%23'), 10);
  t.equal(await count('group=PRICE_NEGATIVE%3A%20price%20is%20%23&code=PERMANENT'), 0);
  t.equal(await count('state=redriven'), 0);
  t.equal(await count('state=open'), 20);
});

t.test(
  'a list refuses what it does not understand, with the parameters that there are',
  async (t) => {
    const { get } = await twenty(t);
    const queries = [
      ...['limit=0', 'limit=1001', 'before=', 'before=1', 'before=0-1,', 'before=x-1', 'state=all'],
      ...['state=', 'code=', 'code=lower', `code=${'A'.repeat(65)}`, 'group=', 'from=now', 'to='],
      ...[`group=${'x'.repeat(201)}`, 'from=2026', 'from=2026-13-01', 'code=A&code=B', 'id=1'],
      ...[
        'before=0-1,0-2',
        'from=5',
        'from=2026-01-02&to=2026-01-02',
        'from=2026-01-03&to=2026-01-02',
        `before=0-${'9'.repeat(16)}`,
      ],
      ...['from=-1', `from=${'9'.repeat(16)}`, '__proto__=1', `before=${'0-1,'.repeat(2000)}0-1`],
    ];
    for (const query of queries) {
      const { statusCode, body } = await get(`/dlq?${query}`);
      t.equal(statusCode, 400, query);
      t.match(body, { error: /^BAD_/, message: /parameters|before|time|from/ }, query);
    }
  },
);

t.test(
  'groups say how many letters of each kind there are, and what the index holds',
  async (t) => {
    const { get, world } = await twenty(t);
    await world.write(2, { timestamp: 0, key: null, value: bytes('x'), headers: [] });
    const { body } = await get('/dlq/groups');
    t.ok(Value.Check(LetterGroups, body));
    t.match(body, {
      groups: [
        { group: 'PERMANENT: order # is odd', code: 'PERMANENT', letters: 10, open: 10, parked: 0 },
        { group: 'PRICE_NEGATIVE: price is #', letters: 10, first: '2026-01-01T00:00:01.000Z' },
        { group: 'no reason given', code: null, letters: 1, first: null, last: null },
      ],
      total: 3,
      ungrouped: 0,
      index: { held: 21, older: 0, complete: true },
    });
    t.equal((await get('/dlq/groups?limit=1')).body.groups.length, 1);
    for (const query of ['limit=0', 'limit=x', 'code=A']) {
      t.equal((await get(`/dlq/groups?${query}`)).statusCode, 400, query);
    }
  },
);

t.test(
  'a letter is shown in full: fields by name, bytes, and every header in its order',
  async (t) => {
    const { get, world } = await twenty(t);
    const headers = [
      { key: bytes('trace'), value: bytes('a') },
      { key: bytes('trace'), value: null },
      { key: Buffer.of(0xff, 0xfe), value: Buffer.of(0x80) },
      { key: bytes('__proto__'), value: bytes('p') },
    ];
    const value = encodeSomeOrder({ orderId: 'o-7', product: 'Žluť', price: 2.5 });
    await world.write(2, someLetter({ origin: 7, partition: 2, key: bytes('k'), value, headers }));
    const { body } = await get('/dlq/2-0');
    t.ok(Value.Check(LetterDetail, body), JSON.stringify([...Value.Errors(LetterDetail, body)]));
    t.match(body, {
      id: '2-0',
      orderId: 'o-7',
      origin: { topic: 'orders', partition: 2, offset: 7 },
      attempts: 1,
      key: { bytes: 1, base64: 'aw==', text: 'k' },
      value: { bytes: value.length, base64: value.toString('base64') },
      decoded: {
        schema: 'com.example.Order',
        fields: [
          { name: 'orderId', value: 'o-7', at: 0 },
          { name: 'product', value: 'Žluť', at: 4 },
          { name: 'price', value: 2.5 },
        ],
        fault: null,
        stoppedAt: null,
      },
      earlier: [],
      later: [],
      redrive: null,
      copy: false,
    });
    t.same(
      body.headers
        .slice(0, 4)
        .map((each: LetterDetail['headers'][number]) => [
          each.name.text ?? each.name.base64,
          each.value && (each.value.text ?? each.value.base64),
        ]),
      [
        ['trace', 'a'],
        ['trace', null],
        ['//4=', 'gA=='],
        ['__proto__', 'p'],
      ],
    );
  },
);

t.test('of bytes that are no order it is said how far they could be read', async (t) => {
  const { get, world } = await twenty(t);
  const whole = encodeSomeOrder({ orderId: 'abc', product: 'Item1', price: 1 });
  const values: [Buffer | null, number | null, string[], RegExp][] = [
    [whole.subarray(0, 7), 4, ['orderId'], /MALFORMED/],
    [Buffer.concat([whole, Buffer.of(1)]), 14, ['orderId', 'product', 'price'], /TRAILING/],
    [Buffer.of(0xff, 0xff, 0xff), 0, [], /MALFORMED/],
    [Buffer.alloc(0), 0, [], /EMPTY/],
    [null, 0, [], /TOMBSTONE/],
    [
      encodeSomeOrder({ orderId: 'a', product: 'b', price: Number.NaN }),
      null,
      ['orderId', 'product', 'price'],
      /NOT_FINITE/,
    ],
  ];
  let offset = 0;
  for (const [value, stoppedAt, names, fault] of values) {
    await world.write(2, someLetter({ origin: offset, partition: 2, value }));
    const { body, payload } = await get(`/dlq/2-${offset}`);
    t.match(body.decoded, { stoppedAt, fault }, payload);
    t.same(
      body.decoded.fields.map(({ name }: { name: string }) => name),
      names,
    );
    offset += 1;
  }
});

t.test(
  'a letter that was redriven and failed again knows its lives, and so does the first',
  async (t) => {
    const { get, world } = await twenty(t);
    const again = (deadLetter: number, origin: number, count: number) =>
      someLetter({
        origin,
        partition: 0,
        headers: redriveHeaders({ deadLetter, origin: 3, count, id: `c${count}` }),
      });
    await world.write(0, again(3, 100, 1), again(10, 101, 2));
    t.match((await get('/dlq/0-3')).body, {
      state: 'failed-again',
      earlier: [],
      later: [
        { id: '0-10', redrive: { id: 'c1', by: 'ann', count: 1 } },
        { id: '0-11', redrive: { id: 'c2', count: 2 } },
      ],
    });
    t.match((await get('/dlq/0-11')).body, {
      state: 'open',
      redrive: { id: 'c2' },
      earlier: [{ id: '0-3', redrive: null }, { id: '0-10' }],
      later: [],
    });
    await world.expire(0, 5);
    t.match((await get('/dlq/0-11')).body.earlier, [{ id: '0-3', gone: true, reason: null }, {}]);
    await world.write(0, again(11, 102, 3));
    t.equal((await get('/dlq/0-12')).body.state, 'parked');
    t.same(ids((await get('/dlq?state=parked')).body), ['0-12']);
  },
);

t.test('a letter that claims an earlier life which cannot be is shown without one', async (t) => {
  const { get, world } = await twenty(t);
  const claims = (deadLetter: number) =>
    someLetter({
      origin: 100 + deadLetter,
      partition: 0,
      headers: redriveHeaders({ deadLetter, origin: 3, count: 1, id: 'c1' }),
    });
  await world.write(0, claims(10), claims(13), claims(13), claims(1_000_000));
  for (const offset of [10, 11, 12, 13]) {
    const { statusCode, body } = await get(`/dlq/0-${offset}`);
    t.match({ statusCode, body }, { statusCode: 200, body: { earlier: [] } }, `letter ${offset}`);
  }
});

t.test('a letter that is not there: retention took it, or there never was one', async (t) => {
  const { get, world } = await twenty(t);
  await world.expire(0, 4);
  const cases: [string, RegExp, RegExp][] = [
    ['0-3', /^EXPIRED$/, /begins at offset 4/],
    ['0-10', /^NO_SUCH_LETTER$/, /never was.*ends at offset 10/],
    ['3-0', /^NO_SUCH_LETTER$/, /partition: they are 0 to 2/],
    ['0', /^NO_SUCH_LETTER$/, /such as 0-17/],
    ['orders-0-1', /^NO_SUCH_LETTER$/, /such as/],
    ['0--1', /^NO_SUCH_LETTER$/, /such as/],
    [`0-${'9'.repeat(16)}`, /^NO_SUCH_LETTER$/, /such as/],
    ['0-1%00', /^NO_SUCH_LETTER$/, /such as/],
  ];
  for (const [id, error, message] of cases) {
    const { statusCode, body } = await get(`/dlq/${id}`);
    t.equal(statusCode, 404, id);
    t.match(body, { error, message }, id);
  }
  t.same(ids((await get('/dlq?limit=1000&to=2026-01-01T00:00:03Z')).body), ['1-2', '1-1', '1-0']);
});

t.test('letters that are not ours are shown with what they say', async (t) => {
  const { get, world } = await twenty(t);
  const key = bytes('errorReason');
  const other = (headers: { key: Buffer; value: Buffer | null }[]) =>
    world.write(2, { timestamp: 1, key: null, value: null, headers });
  await other([]);
  await other([{ key, value: Buffer.of(0xff, 0x00) }]);
  await other([
    { key, value: bytes('first') },
    { key, value: bytes('MALFORMED: last') },
    { key, value: null },
  ]);
  await world.write(2, someLetter({ origin: 1, partition: 2, group: 'other' }));
  const reason = async (id: string) => (await get(`/dlq/${id}`)).body;
  t.match(await reason('2-0'), { reason: 'no reason given', code: null, origin: null });
  t.match(await reason('2-1'), { reason: '\ufffd\0', code: null, state: 'open' });
  t.match(await reason('2-2'), { reason: 'MALFORMED: last', code: null });
  t.match(await reason('2-3'), { code: 'PERMANENT', origin: { offset: 1 } });
  t.equal((await get('/dlq?code=MALFORMED')).body.length, 0, 'only a service of ours gives codes');
});

const events = (payload: string) =>
  payload
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const [, name = '', json = ''] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
      return { name, data: JSON.parse(json) };
    });

t.test(
  'a search streams progress, hits and its end, in value and reason, whatever the case',
  async (t) => {
    const { app } = await twenty(t);
    const search = async (query: string) =>
      events((await app.inject(`/dlq/search?${query}`)).payload);
    const found = await search('q=ORDER%206');
    t.same(
      found.filter(({ name }) => name === 'hit').map(({ data }) => data.id),
      ['0-6', '1-6'],
    );
    t.match(found.at(-1), { name: 'done', data: { read: 20, total: 20, hits: 2, complete: true } });
    t.equal((await search('q=o-3')).filter(({ name }) => name === 'hit').length, 2, 'in the value');
    const none = await search('q=%22%3Cb%3E');
    t.match(none.at(-1), { name: 'done', data: { hits: 0 } });
    const first = await search('q=item1&limit=1');
    t.match(first.at(-1), { name: 'done', data: { hits: 1, complete: false } });
    for (const query of ['', 'q=', `q=${'x'.repeat(201)}`, 'q=a&limit=0', 'q=a&q=b', 'q=a&x=1']) {
      const { statusCode, payload } = await app.inject(`/dlq/search?${query}`);
      t.equal(statusCode, 400, query);
      t.match(JSON.parse(payload), { error: 'BAD_QUERY', message: /q \(a text/ });
    }
  },
);

t.test(
  'an export has every letter of the filter, and cells that no spreadsheet calculates',
  async (t) => {
    const { app, world } = await twenty(t);
    for (const [i, start] of ['=1+1', '+1', '-1', '@x', '\tx', '\rx', 'a"b,c\n'].entries()) {
      const value = encodeSomeOrder({ orderId: `o${i}`, product: 'p', price: 1 });
      await world.write(2, someLetter({ origin: i, partition: 2, text: `${start}`, value }));
    }
    const csv = await app.inject('/dlq/export?format=csv');
    t.match(csv.headers, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="dead-letters.csv"',
    });
    const lines = csv.payload.split('\r\n');
    t.equal(lines.length, 1 + 27 + 1);
    t.match(lines[0], /^"id","orderId","code","group","state"/);
    for (const start of ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx", 'a""b,c\n']) {
      t.ok(csv.payload.includes(`"${start}"`), JSON.stringify(start));
    }
    const jsonl = await app.inject('/dlq/export?code=PRICE_NEGATIVE');
    const items = jsonl.payload
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    t.equal(items.length, 10);
    t.ok(Value.Check(LetterItems, items));
    t.equal((await app.inject('/dlq/export?code=NOTHING')).payload, '');
    for (const query of ['format=xml', 'format=', 'limit=1', 'state=x']) {
      t.equal((await app.inject(`/dlq/export?${query}`)).statusCode, 400, query);
    }
  },
);

t.test('until the letters are read nothing is said to be none', async (t) => {
  const { app } = await build(t, { letters: noLetters });
  for (const url of ['/dlq?code=A', '/dlq/groups', '/dlq/0-1', '/dlq/search?q=a', '/dlq/export']) {
    const { statusCode, payload } = await app.inject(url);
    t.equal(statusCode, 503, url);
    t.equal(JSON.parse(payload).error, 'NOT_KNOWN');
  }
});

const unasked = () => {
  throw new Error('nobody should have asked');
};
const noLetters = {
  list: { page: async () => null, groups: () => null, all: () => null, reach: () => null },
  content: { letter: unasked, edited: unasked },
  search: unasked,
};

import t from 'tap';
import {
  causeOfFault,
  deadLetterHeaders,
  readDeadLetter,
  readOrigin,
} from '../../server/log/dead-letter.ts';
import { Fault } from '../../server/log/fault.ts';
import { idOf } from '../../server/orders/order-fold.ts';
import { REASONS } from '../../server/orders/reasons.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';

const origin = { topic: 'orders', partition: 1, offset: 42, timestamp: 1_700_000_000_000 };
const author = { group: 'g', app: 'order-stream', instance: 'host-1' };
const cause = causeOfFault(new Fault(REASONS.EMPTY, 'the value has no bytes'), 1_700_000_000_500);
const header = (key: string, value: string | null) => ({
  key: Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
});
const names = (headers: { key: Buffer }[]) => headers.map(({ key }) => key.toString());

t.test(
  'foreign headers are kept in order, repeated names, null and odd names included',
  async (t) => {
    const original = [
      header('a', '1'),
      header('__proto__', null),
      header('a', '2'),
      header('constructor', 'x'),
    ];
    const headers = deadLetterHeaders(origin, cause, author, original);
    t.same(headers.slice(0, 4), original);
  },
);

t.test('a record that fails again has our headers once, with the new values', async (t) => {
  const first = deadLetterHeaders(origin, cause, author, [header('trace', 'x')]);
  const second = deadLetterHeaders({ ...origin, offset: 77 }, cause, author, first);
  t.equal(second.length, first.length);
  t.equal(new Set(names(second)).size, second.length);
  t.match(readOrigin(second), { group: 'g', origin: { offset: 77 } });
});

t.test('the reason is the published header', async (t) => {
  const headers = deadLetterHeaders(origin, cause, author, []);
  const reason = headers.find(({ key }) => key.toString() === 'errorReason');
  t.equal(reason?.value?.toString(), 'EMPTY: the value has no bytes');
});

t.test('what was written is read back', async (t) => {
  const value = encodeSomeOrder({ orderId: 'A1', product: 'P', price: 1 });
  const headers = deadLetterHeaders(origin, cause, author, []);
  const record = { offset: 5, timestamp: 1_700_000_001_000, key: null, value, headers };
  t.match(readDeadLetter(1, idOf, record), {
    partition: 1,
    offset: 5,
    orderId: 'A1',
    code: 'EMPTY',
    stage: 'decode',
    reason: /^EMPTY/,
    group: 'g',
    origin: { topic: 'orders', partition: 1, offset: 42 },
    disposition: 'undecodable',
    attempts: 0,
  });
});

t.test('a record that is not ours is shown without an origin', async (t) => {
  const record = { offset: 5, timestamp: 0, key: Buffer.from('K1'), value: null, headers: [] };
  t.match(readDeadLetter(0, idOf, record), {
    orderId: 'K1',
    origin: null,
    group: null,
    reason: /no reason/,
  });
  const forged = [header('orders.errors.group', 'g'), header('orders.errors.offset', '1e3')];
  t.equal(readOrigin(forged), null);
});

const longest = (name: string, headers: { key: Buffer; value: Buffer | null }[]) =>
  headers.find(({ key }) => key.toString() === name)?.value?.length;

t.test('texts in our headers are cut, and say so', async (t) => {
  for (const text of ['x'.repeat(1000), '\u{1f600}'.repeat(50_000), 'é'.repeat(100_000)]) {
    const failed = { ...cause, text, exceptionClass: text, exceptionMessage: text };
    const headers = deadLetterHeaders(origin, failed, author, []);
    t.ok(longest('errorReason', headers)! <= 1024);
    t.ok(longest('orders.errors.exception.message', headers)! <= 1024);
    t.ok(longest('orders.errors.exception.class', headers)! <= 256);
    const reason = readDeadLetter(0, idOf, { ...nothing, headers }).reason;
    t.equal(reason.endsWith('…'), Buffer.byteLength(text) > 1024);
    t.notMatch(reason, /\ufffd/);
  }
});

const nothing = { offset: 5, timestamp: 0, key: null, value: null, headers: [] };

t.test('times that are none are written as the nearest there is', async (t) => {
  const failed = { ...cause, firstFailedAt: 2 ** 63, lastFailedAt: Number.NaN };
  const own = new Map(
    deadLetterHeaders(origin, failed, author, []).map(({ key, value }) => [`${key}`, `${value}`]),
  );
  t.equal(own.get('orders.errors.first-failed-at'), '9999-12-31T23:59:59.999Z');
  t.equal(own.get('orders.errors.last-failed-at'), '1970-01-01T00:00:00.000Z');
});

t.test('whatever a stranger writes into our headers is read within bounds', async (t) => {
  const value = 'y'.repeat(900_000);
  const names = ['errorReason', ...['group', 'topic', 'disposition', 'attempts', 'partition']];
  const headers = names
    .map((name, n) => header(n === 0 ? name : `orders.errors.${name}`, value))
    .concat(header('orders.errors.offset', '7'), header('orders.errors.offset', null));
  const letter = readDeadLetter(0, idOf, { ...nothing, key: Buffer.alloc(900_000, 'k'), headers });
  t.match(letter, { orderId: null, origin: null, group: null, disposition: null, attempts: null });
  t.ok(JSON.stringify(letter).length < 1400);

  const odd = [
    { key: Buffer.from([0xff, 0, 0x80]), value: Buffer.from([0xff]) },
    { key: Buffer.alloc(0), value: null },
    header('__proto__', 'x'),
    header('errorReason', null),
    ...deadLetterHeaders(origin, cause, author, []),
    header('orders.errors.partition', null),
  ];
  t.match(readDeadLetter(0, idOf, { ...nothing, headers: odd }), {
    reason: /^EMPTY/,
    origin: { partition: 1, offset: 42 },
  });
  const named = [header('orders.errors.topic', 'x'.repeat(300)), ...odd.slice(0, 3)];
  t.equal(readDeadLetter(0, idOf, { ...nothing, headers: named }).origin, null);
});

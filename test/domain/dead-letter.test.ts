import t from 'tap';
import {
  causeOfFault,
  createDeadLetterRing,
  type DeadLetter,
  deadLetterHeaders,
  readDeadLetter,
  readOrigin,
} from '../../server/domain/dead-letter.ts';
import { encodeOrder } from '../../server/domain/order.ts';

const origin = { topic: 'orders', partition: 1, offset: 42, timestamp: 1_700_000_000_000 };
const author = { group: 'g', app: 'order-stream', instance: 'host-1' };
const cause = causeOfFault(
  { stage: 'decode', code: 'EMPTY', reason: 'EMPTY: the value has no bytes' },
  1_700_000_000_500,
);
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
  const value = encodeOrder({ orderId: 'A1', product: 'P', price: 1 });
  const headers = deadLetterHeaders(origin, cause, author, []);
  const record = { offset: 5, timestamp: 1_700_000_001_000, key: null, value, headers };
  t.match(readDeadLetter(1, record), {
    partition: 1,
    offset: 5,
    orderId: 'A1',
    reason: /^EMPTY/,
    group: 'g',
    origin: { topic: 'orders', partition: 1, offset: 42 },
    disposition: 'undecodable',
    attempts: 0,
  });
});

t.test('a record that is not ours is shown without an origin', async (t) => {
  const record = { offset: 5, timestamp: 0, key: Buffer.from('K1'), value: null, headers: [] };
  t.match(readDeadLetter(0, record), {
    orderId: 'K1',
    origin: null,
    group: null,
    reason: /no reason/,
  });
  const forged = [header('orders.errors.group', 'g'), header('orders.errors.offset', '1e3')];
  t.equal(readOrigin(forged), null);
});

const letter = (offset: number, timestamp: number, from = offset): DeadLetter => ({
  partition: 0,
  offset,
  timestamp,
  orderId: null,
  reason: 'r',
  group: 'g',
  origin: { topic: 'orders', partition: 0, offset: from },
  disposition: null,
  attempts: null,
});

t.test('the ring keeps the newest, newest first, whatever the order of arrival', async (t) => {
  const ring = createDeadLetterRing(3);
  for (const [offset, time] of [
    [1, 10],
    [2, 40],
    [3, 20],
    [4, 30],
  ] as const)
    ring.add(letter(offset, time));
  t.same(
    ring.newest(9).map(({ offset }) => offset),
    [2, 4, 3],
  );
  t.equal(ring.add(letter(9, 5)), false, 'older than all');
  t.same(
    ring.newest(1).map(({ offset }) => offset),
    [2],
  );
});

t.test('second copies of one original are dropped', async (t) => {
  const ring = createDeadLetterRing(3);
  t.equal(ring.add(letter(1, 10, 7)), true);
  t.equal(ring.add(letter(2, 11, 7)), false);
  t.equal(ring.newest(9).length, 1);
});

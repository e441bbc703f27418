import t from 'tap';
import { crc32c } from '../../server/record-batch/crc32c.ts';
import { openRecordSet } from '../../server/record-batch/reader.ts';
import type { AbortedTransaction } from '../../server/record-batch/record.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';

const content = (key: Buffer | null) => ({
  timestamp: 1,
  key,
  value: Buffer.from('v'),
  headers: [],
});

const data = (producerId: number, baseOffset: number, count = 1, key: Buffer | null = null) =>
  encodeBatch(
    Array.from({ length: count }, () => content(key)),
    {
      baseOffset,
      producerId,
      producerEpoch: 0,
      baseSequence: 0,
      transactional: true,
    },
  );

const marker = (producerId: number, baseOffset: number, kind: 'abort' | 'commit') =>
  encodeBatch([content(Buffer.from([0, 0, 0, kind === 'abort' ? 0 : 1]))], {
    baseOffset,
    producerId,
    producerEpoch: 0,
    transactional: true,
    control: true,
  });

const plain = (baseOffset: number) => encodeBatch([content(null)], { baseOffset });

async function offsets(batches: Buffer[], aborted: AbortedTransaction[], from = 0) {
  const cursor = openRecordSet({ bytes: Buffer.concat(batches), aborted }, from);
  const seen: number[] = [];
  while (await cursor.nextBatch()) while (cursor.next()) seen.push(cursor.offset);
  return [...seen, `next ${cursor.nextOffset}`];
}

t.test('committed transactions are delivered, their markers are not', async (t) => {
  const batches = [data(1, 0, 2), marker(1, 2, 'commit'), plain(3)];
  t.same(await offsets(batches, []), [0, 1, 3, 'next 4']);
});

t.test(
  'interleaved aborted transactions are left out, in whatever order they are listed',
  async (t) => {
    const batches = [
      data(1, 0), // aborted at 6
      data(2, 1), // aborted at 5
      data(3, 2), // committed
      plain(3),
      data(1, 4),
      marker(2, 5, 'abort'),
      marker(1, 6, 'abort'),
      data(1, 7), // a later, committed transaction of the same producer
      marker(3, 8, 'commit'),
      marker(1, 9, 'commit'),
    ];
    const one = { producerId: 1, firstOffset: 0 };
    const two = { producerId: 2, firstOffset: 1 };
    const expected = [2, 3, 7, 'next 10'];
    t.same(await offsets(batches, [one, two]), expected);
    t.same(await offsets(batches, [two, one]), expected);
  },
);

t.test(
  'a reader that starts within an aborted transaction leaves out the rest of it',
  async (t) => {
    const batches = [
      data(1, 90, 5),
      data(2, 95),
      marker(2, 97, 'abort'),
      data(1, 98),
      marker(1, 99, 'abort'),
    ];
    const aborted = [
      { producerId: 2, firstOffset: 95 },
      { producerId: 1, firstOffset: 40 },
    ];
    t.same(await offsets(batches, aborted, 93), ['next 100']);
  },
);

t.test('the same producer may abort twice in one set', async (t) => {
  const batches = [data(1, 0), marker(1, 1, 'abort'), data(1, 2), marker(1, 3, 'commit')];
  const again = [data(1, 4), marker(1, 5, 'abort'), data(1, 6)];
  const aborted = [
    { producerId: 1, firstOffset: 4 },
    { producerId: 1, firstOffset: 0 },
  ];
  t.same(await offsets([...batches, ...again], aborted), [2, 6, 'next 7']);
});

t.test('a user record with the key of an abort marker ends nothing', async (t) => {
  const abortKey = Buffer.from([0, 0, 0, 0]);
  const batches = [data(1, 0, 1, abortKey), data(1, 1), marker(1, 2, 'abort'), plain(3)];
  t.same(await offsets(batches, [{ producerId: 1, firstOffset: 0 }]), [3, 'next 4']);
});

t.test('plain records of an aborted producer are delivered', async (t) => {
  const idempotent = encodeBatch([content(null)], { producerId: 1, baseSequence: 0 });
  t.same(await offsets([idempotent], [{ producerId: 1, firstOffset: 0 }]), [0, 'next 1']);
});

t.test('an empty control batch left by compaction only moves the position', async (t) => {
  const empty = marker(1, 0, 'abort').subarray(0, 61);
  empty.writeInt32BE(49, 8);
  empty.writeInt32BE(0, 57);
  empty.writeUInt32BE(crc32c(empty, 21, 61), 17);
  t.same(await offsets([empty, plain(1)], []), [1, 'next 2']);
});

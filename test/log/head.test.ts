import t from 'tap';
import { readHead } from '../../server/log/head.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { memoryLogs } from '../fixtures/memory-log.ts';
import { someCheckpoint, writeCheckpoint } from '../fixtures/orders.ts';

const logs = {
  group: 'g',
  orders: { topic: 'orders', partition: 0 },
  deadLetters: { topic: 'orders-dlq', partition: 0 },
  checkpoints: { topic: 'g-checkpoints', partition: 0 },
};

const at = (nextOffset: number, group = 'g') =>
  writeCheckpoint(someCheckpoint({ nextOffset, group }));

/** A log of checkpoints with these values, those below `low` deleted. */
function head(values: readonly (Buffer | null)[], low = 0) {
  const memory = memoryLogs();
  for (const value of values) {
    memory.append(logs.checkpoints, [{ timestamp: 1, key: null, value, headers: [] }]);
  }
  memory.deleteBelow(logs.checkpoints, low);
  const signal = new AbortController().signal;
  return readHead({ logs, reader: memory.reader, clock: manualClock(), signal });
}

const foreign: [string, Buffer | null][] = [
  ['a text', Buffer.from('foreign')],
  ['an empty value', Buffer.alloc(0)],
  ['a null value', null],
  ['JSON', Buffer.from('{"version": 2}')],
  ['a stamp that ends too early', at(3).subarray(0, 5)],
  [
    'a stamp with an offset below zero',
    Buffer.concat([Buffer.of(4, 2, 0x67, 1), at(3).subarray(4)]),
  ],
];

t.test('what is no checkpoint is passed over, wherever it stands', async (t) => {
  for (const [what, value] of foreign) {
    t.match(await head([value, at(3), value]), { checkpoint: { nextOffset: 3 } }, what);
    t.equal(await head([value]), null, `${what}, alone where nothing was deleted`);
  }
});

t.test('where checkpoints were deleted and none is left, nothing begins anew', async (t) => {
  await t.rejects(head([at(3), Buffer.from('foreign')], 1), {
    code: 'INCONSISTENT_STATE',
    message: 'a checkpoint of 7 bytes cannot be decoded',
  });
});

t.test('a checkpoint of ours that is damaged behind its stamp is not passed over', async (t) => {
  const damaged = at(9).subarray(0, -3);
  await t.rejects(head([at(3), damaged]), /a checkpoint of \d+ bytes cannot be decoded/);
});

t.test('a newer version is told from bytes of any kind', async (t) => {
  const newer = at(1);
  newer[0] = 4 << 1;
  await t.rejects(head([at(3), newer]), /checkpoint of version 4: .* start the newer one/);
});

t.test('checkpoints of another group are refused even where they are not the head', async (t) => {
  await t.rejects(head([at(3), at(1, 'other')]), /state of group other, not of group g: set/);
});

t.test('a base from before Kafka gave ids is one; that of another topic is none', async (t) => {
  const write = (nextOffset: number, base: number, topicId: string | null) =>
    writeCheckpoint(someCheckpoint({ nextOffset, base, topicId }));
  const [id, other] = ['a'.repeat(32), 'b'.repeat(32)];
  for (const known of [null, id]) {
    const found = await head([write(1, -1, known), write(2, 0, id)]);
    t.match(found, { checkpoint: { nextOffset: 2 }, base: { nextOffset: 1 } });
  }
  for (const wrong of [other, null]) {
    await t.rejects(head([write(1, -1, id), write(2, 0, wrong)]), /not what the head leans on/);
  }
});

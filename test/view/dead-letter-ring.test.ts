import t, { type Test } from 'tap';
import type { DeadLetter } from '../../server/log/dead-letter.ts';
import { createDeadLetterRing } from '../../server/view/dead-letter-ring.ts';
import { createRandom, type Random } from '../chaos/random.ts';

const NOON = Date.UTC(2026, 10, 25, 12);

function letter(offset: number, timestamp: number, change: Partial<DeadLetter> = {}): DeadLetter {
  return {
    partition: 0,
    offset,
    timestamp,
    orderId: null,
    code: null,
    stage: null,
    reason: 'r',
    group: 'g',
    origin: { topic: 'orders', partition: change.partition ?? 0, offset },
    disposition: null,
    attempts: null,
    ...change,
  };
}

const ids = (letters: readonly DeadLetter[]) =>
  letters.map(({ partition, offset }) => `${partition}-${offset}`);

t.test('in a partition the last to arrive is the newest, whatever its timestamp', async (t) => {
  const ring = createDeadLetterRing(3);
  for (const [offset, time] of [10, 40, 20, 30].entries()) ring.add(letter(offset, NOON + time));
  t.same(ids(ring.newest(9)), ['0-3', '0-2', '0-1']);
  t.same(ids(ring.newest(1)), ['0-3']);
});

t.test('partitions are merged by their timestamps', async (t) => {
  const ring = createDeadLetterRing(9);
  for (const [n, partition] of [0, 1, 1, 0, 2, 0].entries()) {
    ring.add(letter(n, NOON + n, { partition }));
  }
  t.same(ids(ring.newest(9)), ['0-5', '2-4', '0-3', '1-2', '1-1', '0-0']);
});

t.test('a timestamp that tells no time does not stay on top, nor hide others', async (t) => {
  const wild = [NOON * 1000, NOON * 1e6, 2 ** 63, -(2 ** 63), -1, 0, NOON / 1000, Number.NaN];
  for (const timestamp of wild) {
    const ring = createDeadLetterRing(9);
    ring.add(letter(0, NOON));
    ring.add(letter(1, timestamp));
    ring.add(letter(0, NOON + 1, { partition: 1 }));
    t.same(ids(ring.newest(9)), ['1-0', '0-1', '0-0'], `${timestamp}`);
    t.equal(ring.newest(9)[1]!.timestamp, NOON, 'it has the time of the one before it');
    ring.add(letter(2, NOON + 2));
    t.same(ids(ring.newest(9)), ['0-2', '1-0', '0-1', '0-0'], `${timestamp}`);
  }
  const alone = createDeadLetterRing(9);
  alone.add(letter(0, NOON * 1000));
  alone.add(letter(0, NOON, { partition: 1 }));
  t.same(ids(alone.newest(9)), ['1-0', '0-0']);
  t.equal(alone.newest(9)[1]!.timestamp, 0);
});

t.test('a time to come stands on top until the next letter of its partition', async (t) => {
  const ring = createDeadLetterRing(9);
  ring.add(letter(0, Date.UTC(2099)));
  ring.add(letter(0, NOON, { partition: 1 }));
  t.same(ids(ring.newest(9)), ['0-0', '1-0']);
  ring.add(letter(1, NOON - 5));
  t.same(ids(ring.newest(9)), ['1-0', '0-1', '0-0']);
});

t.test('of two copies of one original the later is shown', async (t) => {
  const ring = createDeadLetterRing(9);
  const origin = { topic: 'orders', partition: 0, offset: 7 };
  ring.add(letter(1, NOON, { origin }));
  ring.add(letter(2, NOON + 1));
  ring.add(letter(3, NOON + 2, { origin }));
  ring.add(letter(4, NOON + 3, { origin, group: 'another' }));
  ring.add(letter(5, NOON + 4, { origin: null }));
  t.same(ids(ring.newest(9)), ['0-5', '0-4', '0-3', '0-2']);
});

t.test('a full ring takes in letters of any age without a look at the others', async (t) => {
  const size = 100_000;
  const ring = createDeadLetterRing(size);
  for (let n = 0; n < 3 * size; n += 1) ring.add(letter(n, NOON - n));
  t.equal(ring.newest(size).length, size);
  t.same(ids(ring.takeNew(2)), [`0-${3 * size - 1}`, `0-${3 * size - 2}`]);
});

t.test('new letters are taken once, in the order of the whole', async (t) => {
  const ring = createDeadLetterRing(9);
  ring.add(letter(0, NOON));
  t.same(ids(ring.takeNew(9)), ['0-0']);
  t.same(ring.takeNew(9), []);
  ring.add(letter(1, -1));
  ring.add(letter(0, NOON + 1, { partition: 1 }));
  t.same(ids(ring.takeNew(9)), ['1-0', '0-1']);
});

t.test(
  'whoever reads the topic comes to the same list, whenever and in whatever order',
  async (t) => {
    for (let seed = 1; seed <= 300; seed += 1) compareReaders(t, createRandom(seed), seed);
  },
);

/** Readers that began at different times, and got the partitions in different turns. */
function compareReaders(t: Test, random: Random, seed: number): void {
  const size = random.between(1, 8);
  const partitions = Array.from({ length: random.between(1, 4) }, (_, partition) =>
    Array.from({ length: random.between(0, 30) }, (_, n) => {
      const origin = { topic: 'orders', partition, offset: random.between(0, 25) };
      const offset = n + Math.floor(n / 5);
      const timestamp = random.pick([NOON + random.between(0, 20), NOON * 1000, -1, 1e12, 4e12]);
      return letter(offset, timestamp, random.chance(0.8) ? { partition, origin } : { partition });
    }),
  );
  const ends = partitions.map((letters) => (letters.at(-1)?.offset ?? -1) + random.between(1, 3));
  const read = (fromStart: boolean) => {
    const ring = createDeadLetterRing(size);
    const left = partitions.map((letters, p) =>
      fromStart ? [...letters] : letters.filter(({ offset }) => offset >= ends[p]! - size),
    );
    for (;;) {
      const open = left.filter((letters) => letters.length > 0);
      if (open.length === 0) break;
      ring.add(random.pick(open).shift()!);
    }
    for (const [partition, end] of ends.entries()) ring.readUpTo(partition, end);
    return ring.newest(size);
  };
  const expected = read(false);
  t.ok(expected.length <= size);
  for (const fromStart of [true, true, false]) t.same(read(fromStart), expected, `seed ${seed}`);
}

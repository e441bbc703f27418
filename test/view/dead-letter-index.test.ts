import fc from 'fast-check';
import t from 'tap';
import type { Steps } from '../../server/log/slices.ts';
import { createDeadLetterIndex, type IndexedLetter } from '../../server/view/dead-letter-index.ts';
import { CHUNK } from '../../server/view/letter-columns.ts';
import type { IndexFilter } from '../../server/view/letter-filter.ts';
import type { FoundPage } from '../../server/view/letter-queries.ts';

const NOW = Date.UTC(2026, 0, 1);

function letter(change: Partial<IndexedLetter>): IndexedLetter {
  const { partition = 0, offset = 0 } = change;
  const place = { partition, offset, timestamp: NOW + offset, origin: offset * 2 };
  return { code: 'A', group: 'A: x', lives: 0, earlier: -1, ...place, ...change };
}

function all<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

const idsOf = (letters: readonly { partition: number; offset: number }[]) =>
  letters.map(({ partition, offset }) => `${partition}-${offset}`);

type Index = ReturnType<typeof createDeadLetterIndex>;

/** All ids that a filter takes, page by page. */
function pages(index: Index, filter: IndexFilter, limit: number): string[] {
  const ids: string[] = [];
  for (let before: ReadonlyMap<number, number> | null = new Map(); before !== null; ) {
    const page: FoundPage = all(index.page(filter, limit, before));
    ids.push(...idsOf(page.letters));
    before = page.next;
  }
  return ids;
}

const counts = (index: Index) =>
  index.groups().map(({ group, letters }) => [group, ...letters] as const);

t.test('whatever is added, the index answers as a list of all letters would', async (t) => {
  const arbitrary = fc.array(
    fc.record({
      partition: fc.nat(2),
      gap: fc.nat(3),
      late: fc.nat(5),
      group: fc.constantFrom('A', 'B', 'C'),
      origin: fc.integer({ min: -1, max: 30 }),
      lives: fc.nat(4),
      timeless: fc.boolean(),
    }),
    { maxLength: 60 },
  );
  const property = fc.property(
    arbitrary,
    fc.uniqueArray(fc.nat(30)),
    fc.integer({ min: 1, max: 7 }),
    fc.boolean(),
    (made, origins, limit, early) => {
      const index = createDeadLetterIndex();
      const redriven = Float64Array.from(origins).sort();
      const mark = () => {
        for (const partition of [0, 1, 2]) {
          all(index.setRedriven(partition, { base: new Float64Array(0), since: redriven }));
        }
      };
      if (early) mark();
      const kept: (IndexedLetter & { state: string; time: number })[] = [];
      const next = [0, 0, 0];
      const told = [0, 0, 0];
      for (const { partition, gap, late, group, origin, lives, timeless } of made) {
        const offset = next[partition]! + gap;
        next[partition] = offset + 1;
        const timestamp = timeless ? -1 : NOW + offset * 10 - late * 7;
        if (!timeless) told[partition] = timestamp;
        const code = group === 'C' ? null : group;
        const added = letter({ partition, offset, timestamp, code, group, origin, lives });
        index.add(added);
        const isCopy =
          origin >= 0 && kept.some((o) => o.partition === partition && o.origin === origin);
        if (isCopy) continue;
        const state = origins.includes(origin) ? 'redriven' : lives >= 3 ? 'parked' : 'open';
        kept.push({ ...added, state, time: told[partition]! });
      }
      if (!early) mark();
      const filters: IndexFilter[] = [
        {},
        { code: 'A' },
        { group: 'B', state: 'open' },
        { state: 'redriven' },
        { state: 'parked', code: 'B' },
        { from: NOW + 50, to: NOW + 200 },
        { code: 'nothing' },
      ];
      for (const filter of filters) {
        const { code, group, state, from, to } = filter;
        const expected = kept.filter(
          (each) =>
            (code === undefined || each.code === code) &&
            (group === undefined || each.group === group) &&
            (state === undefined || each.state === state) &&
            (from === undefined || (each.timestamp >= from && each.timestamp < to!)),
        );
        const found = pages(index, filter, limit);
        const paged = all(index.page(filter, 1000, new Map())).letters;
        for (let i = 1; i < paged.length; i += 1) {
          const [newer, older] = [paged[i - 1]!, paged[i]!];
          if (newer.partition === older.partition && newer.offset <= older.offset) return false;
        }
        const same =
          JSON.stringify([...found].sort()) === JSON.stringify(idsOf(expected).sort()) &&
          all(index.count(filter)) === expected.length &&
          paged.length === expected.length;
        if (!same) return false;
      }
      const total = index.groups().reduce((sum, { letters }) => sum + letters[1]!, 0);
      return total === kept.filter(({ state }) => state === 'redriven').length;
    },
  );
  fc.assert(property, { numRuns: 300 });
  t.pass();
});

t.test('a letter that came back counts as failed again, and says as which letter', async (t) => {
  const index = createDeadLetterIndex();
  index.add(letter({ offset: 5, origin: 1 }));
  all(index.setRedriven(0, { base: new Float64Array(0), since: Float64Array.of(1) }));
  t.same(counts(index), [['A: x', 0, 1, 0, 0]]);
  index.add(letter({ offset: 9, origin: 7, lives: 1, earlier: 5 }));
  t.same(counts(index), [['A: x', 1, 0, 1, 0]]);
  t.match(index.find({ partition: 0, offset: 5 }), { state: 'failed-again', later: 9 });
  t.match(index.find({ partition: 0, offset: 9 }), { state: 'open', later: null });
  t.equal(index.find({ partition: 0, offset: 6 }), null);
  t.equal(index.find({ partition: 3, offset: 5 }), null);
});

t.test('the oldest make room for the newest, and are counted', async (t) => {
  const index = createDeadLetterIndex({ capacity: 2 * CHUNK });
  for (let offset = 0; offset < 5 * CHUNK; offset += 1) index.add(letter({ offset }));
  t.same(index.size(), { held: 3 * CHUNK, older: 2 * CHUNK });
  t.equal(index.find({ partition: 0, offset: 2 * CHUNK - 1 }), null);
  t.ok(index.find({ partition: 0, offset: 2 * CHUNK }));
  t.same(counts(index), [['A: x', 3 * CHUNK, 0, 0, 0]]);
  const copy = letter({ offset: 5 * CHUNK, origin: 6 * CHUNK });
  index.add(copy);
  t.match(index.find(copy), { copy: true });
  index.add(letter({ offset: 5 * CHUNK + 1, origin: 2 }));
  t.match(index.find({ partition: 0, offset: 5 * CHUNK + 1 }), { copy: false }, 'of one forgotten');
});

t.test('what retention takes is forgotten, letter by letter', async (t) => {
  const index = createDeadLetterIndex();
  for (let offset = 0; offset < CHUNK + 10; offset += 1) index.add(letter({ offset }));
  const pauses = [...index.forgetBelow(0, CHUNK + 5)].length;
  t.ok(pauses >= CHUNK / 1000, 'others get their turn meanwhile');
  t.same(index.size(), { held: 5, older: 0 });
  t.same(counts(index), [['A: x', 5, 0, 0, 0]]);
  t.equal(index.find({ partition: 0, offset: CHUNK + 4 }), null);
  t.same(index.matching({}, 0, 0, 1e9).length, 5);
  all(index.forgetBelow(0, 1e9));
  t.same([index.size().held, index.groups().length], [0, 0]);
  index.add(letter({ offset: 2e9 }));
  index.add(letter({ offset: 2 ** 40, origin: 2 ** 45 }));
  t.same(pages(index, {}, 1), [`0-${2 ** 40}`, '0-2000000000']);
});

t.test(
  'of more kinds of reasons than there is room for the letters are counted together',
  async (t) => {
    const index = createDeadLetterIndex();
    for (let n = 0; n < 5000; n += 1)
      index.add(letter({ offset: n, group: `A: ${'x'.repeat(n % 9)}${n}` }));
    const groups = index.groups();
    t.equal(groups.length, 4096);
    const others = groups.find(({ group }) => group === null);
    t.equal(others?.letters[0], 5000 - 4095);
    t.equal(all(index.count({})), 5000);
  },
);

t.test(
  'the oldest open letter: of all partitions, without copies and what tells no time',
  async (t) => {
    const index = createDeadLetterIndex();
    const mark = (...origins: number[]) =>
      all(index.setRedriven(0, { base: new Float64Array(0), since: Float64Array.from(origins) }));
    t.equal(index.oldestOpen(), null);
    index.add(letter({ offset: 0, timestamp: -1, origin: 1 }));
    index.add(letter({ offset: 1, timestamp: NOW + 10, origin: 2 }));
    index.add(letter({ offset: 2, timestamp: NOW + 20, origin: 2 }));
    index.add(letter({ offset: 3, timestamp: NOW + 30, origin: 3 }));
    index.add(letter({ partition: 1, offset: 0, timestamp: NOW + 25, origin: 2 }));
    t.equal(index.oldestOpen(), NOW + 10);
    mark(2);
    t.equal(index.oldestOpen(), NOW + 25, 'of another partition, for the copy is no letter');
    all(index.forgetBelow(1, 1));
    t.equal(index.oldestOpen(), NOW + 30);
    mark(2, 3);
    t.equal(index.oldestOpen(), null);
    index.add(letter({ offset: 4, timestamp: NOW + 40, origin: 4 }));
    t.equal(index.oldestOpen(), NOW + 40);
  },
);

t.test('the oldest open letter is found behind chunks that have gone', async (t) => {
  const index = createDeadLetterIndex({ capacity: CHUNK });
  for (let offset = 0; offset < CHUNK * 3; offset += 1) {
    index.add(letter({ offset }));
    if (offset % 1000 === 0) index.oldestOpen();
  }
  const [first] = all(index.page({}, CHUNK * 3, new Map())).letters.slice(-1);
  t.equal(index.oldestOpen(), first!.time);
});

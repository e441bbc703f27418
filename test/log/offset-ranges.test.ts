import fc from 'fast-check';
import t from 'tap';
import {
  addRange,
  areRanges,
  countOf,
  look,
  MAX_RANGES,
  type OffsetRanges,
  takeOut,
} from '../../server/log/offset-ranges.ts';

t.test('ranges behave as a set of offsets', async (t) => {
  const steps = fc.array(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 4 }), fc.boolean()));
  fc.assert(
    fc.property(steps, (list) => {
      const ranges: OffsetRanges = [];
      const set = new Set<number>();
      for (const [from, length, adds] of list) {
        const offsets = Array.from({ length }, (_, n) => from + n);
        if (adds && offsets.every((offset) => !set.has(offset))) {
          addRange(ranges, from, from + length);
          for (const offset of offsets) set.add(offset);
        } else if (!adds && set.delete(from)) takeOut(ranges, from);
      }
      t.equal(countOf(ranges), set.size);
      t.ok(areRanges(ranges, 0, 40));
      for (let offset = 0; offset < 40; offset += 1) {
        t.equal(look(ranges, offset), set.has(offset) ? 'in' : 'out');
      }
      t.notOk(
        ranges.some(({ from }) => ranges.some(({ to }) => to === from)),
        'neighbours are one',
      );
    }),
  );
});

t.test(
  'beyond so many ranges the number of offsets stays right, and the newest exact',
  async (t) => {
    const ranges: OffsetRanges = [];
    const many = 3 * MAX_RANGES;
    for (let n = 0; n < many; n += 1) addRange(ranges, 2 * n, 2 * n + 1);
    t.equal(ranges.length, MAX_RANGES);
    t.equal(countOf(ranges), many);
    t.equal(look(ranges, 0), 'unknown');
    t.equal(look(ranges, 1), 'unknown');
    t.equal(look(ranges, 2 * many - 2), 'in');
    t.equal(look(ranges, 2 * many - 3), 'out');
    t.ok(areRanges(ranges, 0, 2 * many));
    addRange(ranges, 1, 2);
    t.equal(countOf(ranges), many + 1);
  },
);

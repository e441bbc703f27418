import fc from 'fast-check';
import t from 'tap';
import { createOffsetSet } from '../../server/stream/offset-set.ts';

t.test('it behaves as a sorted set', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 20_000 }), { maxLength: 9000 }),
      fc.nat({ max: 20_000 }),
      (added, probe) => {
        const set = createOffsetSet();
        const model = new Set<number>();
        for (const offset of added) {
          if (set.add(offset) === model.has(offset)) return false;
          model.add(offset);
        }
        const next = [...model].filter((offset) => offset >= probe).sort((a, b) => a - b)[0];
        return (
          set.size === model.size &&
          set.has(probe) === model.has(probe) &&
          set.next(probe) === (next ?? Number.POSITIVE_INFINITY)
        );
      },
    ),
    { numRuns: 50 },
  );
  t.pass();
});

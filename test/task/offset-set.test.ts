import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import t from 'tap';
import { createOffsetSet } from '../../server/task/offset-set.ts';

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

t.test('an offset takes eight bytes, and all of them little beside', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = async () => {
    // What the first collection finds is given back beside the program; the second waits for that.
    for (let i = 0; i < 2; i += 1) {
      collect();
      await setImmediate();
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const size = 300_000;
  const before = await used();
  const set = createOffsetSet();
  for (let n = 0; n < size; n += 1) set.add((n * 7919) % 300_007);
  const taken = (await used()) - before;
  t.equal(set.size, size);
  t.ok(taken < 8 * size + 400_000, `${taken} bytes`);
});

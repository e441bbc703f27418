import t from 'tap';
import { packOffsets, unpackOffsets } from '../../server/log/packed-offsets.ts';
import { createRedrivenSet } from '../../server/task/redriven-set.ts';

const packed = (...offsets: number[]) => packOffsets(Float64Array.from(offsets));
const all = (set: ReturnType<typeof createRedrivenSet>) => [...unpackOffsets(set.packAll())];
const since = (set: ReturnType<typeof createRedrivenSet>) => [
  ...unpackOffsets(set.packSinceBase()),
];

t.test('a restored set has what stands in the base and what came since', async (t) => {
  const set = createRedrivenSet(packed(1, 2, 9), packed(4));
  t.equal(set.size, 4);
  t.same([1, 2, 3, 4, 9].map(set.has), [true, true, false, true, true]);
  t.same(all(set), [1, 2, 4, 9]);
  t.same(since(set), [4]);
});

t.test('what is there already is not added, and changes nothing', async (t) => {
  const set = createRedrivenSet(packed(1), packed(4));
  t.equal(set.add(1), false);
  t.equal(set.add(4), false);
  t.equal(set.add(2), true);
  t.equal(set.sinceBase, 2);
  t.same(since(set), [2, 4]);
});

t.test('without a base all has come since', async (t) => {
  const set = createRedrivenSet();
  for (const origin of [7, 3, 5]) set.add(origin);
  t.same(since(set), [3, 5, 7]);
  t.same(all(set), [3, 5, 7]);
});

t.test('from a new base on, only what came after it was taken counts as since', async (t) => {
  const set = createRedrivenSet(packed(1), packed(2));
  set.mark();
  set.add(3);
  t.same(since(set), [2, 3], 'as long as the new base is not one');
  set.rebase();
  t.same(since(set), [3]);
  t.same(all(set), [1, 2, 3]);
});

t.test('a base that never became one leaves nothing out of the next', async (t) => {
  const set = createRedrivenSet();
  set.add(1);
  set.mark();
  set.add(2);
  set.mark();
  set.add(3);
  set.rebase();
  t.same(since(set), [3], 'the second mark had 1 and 2');
  t.equal(set.sinceBase, 1);
});

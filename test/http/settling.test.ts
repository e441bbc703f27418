import t from 'tap';
import { createSettling } from '../../server/http/settling.ts';

/** A source with so much work; each piece ends when the test says so. */
function world(pieces: number) {
  const told: string[] = [];
  const ends: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  let left = pieces;
  const settling = createSettling({
    source: {
      settle() {
        if (left === 0) return undefined;
        left -= 1;
        return new Promise((resolve, reject) => ends.push({ resolve, reject }));
      },
    },
    settled: () => told.push('settled'),
    failed: (error) => told.push(String(error)),
  });
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { settling, told, ends, turn };
}

t.test('where nothing is left to work off it has settled in the same tick', async (t) => {
  const { settling, told } = world(0);
  settling.begin();
  t.same([told, settling.isUnderWay()], [['settled'], false]);
});

t.test('what comes while it is worked off is worked off too before it has settled', async (t) => {
  const { settling, told, ends, turn } = world(2);
  settling.begin();
  t.ok(settling.isUnderWay());
  ends[0]!.resolve();
  await turn();
  t.same([told, settling.isUnderWay()], [[], true]);
  ends[1]!.resolve();
  await turn();
  t.same([told, settling.isUnderWay()], [['settled'], false]);
});

t.test('work that fails is told, and the next begins afresh', async (t) => {
  const { settling, told, ends, turn } = world(1);
  settling.begin();
  ends[0]!.reject(new Error('no'));
  await turn();
  t.same([told, settling.isUnderWay()], [['Error: no'], false]);
  settling.begin();
  t.same(told, ['Error: no', 'settled']);
});

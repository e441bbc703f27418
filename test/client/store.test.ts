import t from 'tap';
import {
  advance,
  fromSnapshot,
  hasAllProducts,
  hasOrders,
  lagOf,
  lastCommit,
  type Model,
} from '../../client/src/store.ts';
import type { Snapshot } from '../../server/http/contract.ts';
import { aSnapshot, aStatus, deadLetters, someMetrics } from '../fixtures/snapshot.ts';

const base = fromSnapshot(aSnapshot({ epoch: 1, seq: 5 }));
const metrics = base.metrics!;
const next = { epoch: 1, base: 5, seq: 6 };
const isModel = (value: Model | 'known' | 'gap') => value as Model;

t.test('what is not known is no zero', async (t) => {
  const unknown = fromSnapshot(aSnapshot({ metrics: null, deadLetters: [] }));
  t.equal(unknown.metrics, null);
  t.equal(lastCommit(unknown), null);
  t.notOk(hasOrders(unknown));
});

t.test('the server says whether there are more products than these', async (t) => {
  t.ok(hasAllProducts(base));
  t.notOk(hasAllProducts({ ...base, metrics: { ...metrics, productCount: 10 } }));
});

t.test('absent members are unchanged, null is a value', async (t) => {
  const same = isModel(advance(base, next));
  t.same({ ...same, seq: 5 }, base);
  t.equal(isModel(advance(base, { ...next, throughput: null })).throughput, null);
  const status = aStatus({ phase: 'stopping' });
  t.equal(isModel(advance(base, { ...next, status })).status.phase, 'stopping');
});

t.test(
  'changed products replace theirs, others stay, and what is not shown any more goes',
  async (t) => {
    const perProduct = {
      Notebook: { count: 858, averagePrice: 117 },
      Anvil: { count: 1, averagePrice: 9 },
      Telescope: null,
    };
    const changes = { ...someMetrics(), perProduct };
    const { products } = isModel(advance(base, { ...next, metrics: changes }));
    t.equal(products.size, 9);
    t.equal(products.get('Notebook')?.count, 858);
    t.equal(products.get('Anvil')?.count, 1);
    t.notOk(products.has('Telescope'));
    t.equal(base.products.get('Notebook')?.count, 857, 'the model before is not touched');
  },
);

t.test('products called like members of Object are products', async (t) => {
  const text = JSON.stringify(aSnapshot()).replace('Notebook', '__proto__');
  const model = fromSnapshot(JSON.parse(text) as Snapshot);
  t.equal(model.products.get('__proto__')?.count, 857);
  t.notOk(model.products.has('constructor'));
  const delta = `{"__proto__":{"count":858,"averagePrice":1},"constructor":{"count":1,"averagePrice":1}}`;
  const all = { ...someMetrics(), perProduct: JSON.parse(delta) };
  const changed = isModel(advance({ ...model, epoch: 1, seq: 5 }, { ...next, metrics: all }));
  t.equal(changed.products.get('__proto__')?.count, 858);
  t.equal(changed.products.get('constructor')?.count, 1);
});

t.test('what is known already, and what has a gap before it, is not laid over', async (t) => {
  t.equal(advance(base, { epoch: 1, base: 4, seq: 5 }), 'known');
  t.equal(advance(base, { epoch: 1, base: 6, seq: 7 }), 'gap');
  t.equal(advance(base, { epoch: 2, base: 5, seq: 6 }), 'gap');
  t.equal(advance(null, next), 'gap');
  t.equal(
    isModel(advance(base, { epoch: 1, base: 3, seq: 7 })).seq,
    7,
    'ahead of the base is fine',
  );
});

t.test('dead letters are merged newest first, none twice, at most fifty', async (t) => {
  const [newest, older] = deadLetters(2);
  const known = { ...base, deadLetters: deadLetters(50, 100) };
  const late = { ...older!, id: '2-900', timestamp: known.deadLetters[3]!.timestamp };
  const fresh = { ...newest!, id: '2-901', timestamp: '2999-01-01T00:00:00.000Z' };
  const twice = known.deadLetters[0]!;
  const merged = isModel(advance(known, { ...next, deadLetters: [fresh, twice, late] }));
  t.equal(merged.deadLetters.length, 50);
  t.equal(merged.deadLetters[0]?.id, '2-901');
  t.equal(new Set(merged.deadLetters.map(({ id }) => id)).size, 50);
  const offsetsOf = (partition: string) =>
    merged.deadLetters.flatMap(({ id }) => {
      const [lane, offset] = id.split('-');
      return lane === partition ? [Number(offset)] : [];
    });
  for (const partition of ['0', '1', '2']) {
    const offsets = offsetsOf(partition);
    t.same(
      offsets,
      [...offsets].sort((a, b) => b - a),
      'arrival decides in a partition',
    );
  }
});

t.test(
  'a dead letter with a time in the future does not stay the newest of its partition',
  async (t) => {
    const [letter] = deadLetters(1);
    const early = { ...letter!, id: '0-8', timestamp: '2098-01-01T00:00:00.000Z' };
    const later = { ...letter!, id: '0-9', timestamp: '2026-01-01T00:00:00.000Z' };
    const other = { ...letter!, id: '1-3', timestamp: '2027-01-01T00:00:00.000Z' };
    const known = { ...base, deadLetters: [early] };
    const merged = isModel(advance(known, { ...next, deadLetters: [later, other] }));
    t.same(
      merged.deadLetters.map(({ id }) => id),
      ['1-3', '0-9', '0-8'],
    );
  },
);

t.test('lag is known when that of every partition is', async (t) => {
  t.equal(lagOf(base), 19);
  const [first, second] = base.lag;
  t.equal(lagOf({ ...base, lag: [first!, { ...second!, lag: null }] }), null);
  t.equal(lagOf({ ...base, lag: [] }), null, 'no partition is known');
  const lag = [{ partition: 0, endOffset: 50, lag: 43, firstUnread: null }];
  t.equal(lagOf(isModel(advance(base, { ...next, lag }))), 43);
});

t.test('the last commit is the latest of the partitions, or none', async (t) => {
  const at = (writtenAt: string | null, partition: number) => ({
    partition,
    nextOffset: 0,
    highWatermark: 0,
    writtenAt,
  });
  const of = (...asOf: ReturnType<typeof at>[]) =>
    lastCommit({ ...base, metrics: { ...metrics, asOf } });
  t.equal(of(at(null, 0), at('2026-01-02', 1), at('2026-01-01', 2)), '2026-01-02');
  t.equal(of(at(null, 0)), null);
});

t.test('orders that all failed or wait are orders', async (t) => {
  const none = { ...metrics.balance, counted: 0, deadLettered: 0, pending: 0 };
  const of = (balance: typeof none) => hasOrders({ ...base, metrics: { ...metrics, balance } });
  t.notOk(of(none));
  t.ok(of({ ...none, deadLettered: 1 }));
  t.ok(of({ ...none, pending: 1 }));
});

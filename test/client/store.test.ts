import t from 'tap';
import {
  advance,
  fromSnapshot,
  hasAllProducts,
  isCaughtUp,
  isUntouched,
  lagOf,
  type Model,
  oldestCommit,
  oldestUnread,
} from '../../client/src/store.ts';
import type { Snapshot } from '../../server/http/contract.ts';
import { aSnapshot, aStatus, deadLetters, someMetrics } from '../fixtures/snapshot.ts';

const base = fromSnapshot(aSnapshot({ epoch: 1, seq: 5 }));
const metrics = base.metrics!;
const next = { at: 0, epoch: 1, base: 5, seq: 6 };
const isModel = (value: Model | 'known' | 'gap') => value as Model;

t.test('what is not known is no zero', async (t) => {
  const unknown = fromSnapshot(aSnapshot({ metrics: null, deadLetters: [] }));
  t.equal(unknown.metrics, null);
  t.equal(oldestCommit(unknown), null);
  t.notOk(isUntouched(unknown));
  t.notOk(isCaughtUp(unknown));
});

t.test('the server says whether there are more products than these', async (t) => {
  t.ok(hasAllProducts(base));
  t.notOk(hasAllProducts({ ...base, metrics: { ...metrics, productCount: 10 } }));
});

t.test('absent members are unchanged, null is a value', async (t) => {
  const same = isModel(advance(base, next));
  t.same({ ...same, seq: 5, at: base.at }, base);
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
  t.equal(advance(base, { at: 0, epoch: 1, base: 4, seq: 5 }), 'known');
  t.equal(advance(base, { at: 0, epoch: 1, base: 6, seq: 7 }), 'gap');
  t.equal(advance(base, { at: 0, epoch: 2, base: 5, seq: 6 }), 'gap');
  t.equal(advance(null, next), 'gap');
  t.equal(
    isModel(advance(base, { at: 0, epoch: 1, base: 3, seq: 7 })).seq,
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

t.test('the oldest commit is that of the partitions that are behind', async (t) => {
  const of = (...rows: [writtenAt: string | null, behind: number | null][]) =>
    oldestCommit({
      ...base,
      lag: rows.map(([, lag], partition) => ({ partition, endOffset: 9, lag, firstUnread: null })),
      metrics: {
        ...metrics,
        asOf: rows.map(([writtenAt], partition) => ({
          partition,
          nextOffset: 0,
          highWatermark: 0,
          writtenAt,
          owner: 'a',
          pending: 0,
        })),
      },
    });
  t.equal(of(['2026-01-03', 1], ['2026-01-02', 1], ['2026-01-01', 0]), '2026-01-02');
  t.equal(of(['2026-01-03', 1], ['2026-01-02', null]), '2026-01-02');
  t.equal(of([null, 1]), null);
  t.equal(of(['2026-01-03', 0]), null);
});

t.test('caught up: nothing unread and nothing that waits', async (t) => {
  const at = (lag: number | null, pending: number) =>
    isCaughtUp({
      ...base,
      lag: [{ partition: 0, endOffset: 9, lag, firstUnread: null }],
      metrics: { ...metrics, balance: { ...metrics.balance, pending } },
    });
  t.ok(at(0, 0));
  t.notOk(at(1, 0));
  t.notOk(at(null, 0));
  t.notOk(at(0, 1), 'an order that waits is not done');
});

t.test('a topic that holds orders nobody has read is not empty', async (t) => {
  const nothing = { ...metrics, balance: { ...metrics.balance, read: 0 } };
  const at = (lag: number | null) =>
    isUntouched({
      ...base,
      metrics: nothing,
      lag: [{ partition: 0, endOffset: lag, lag, firstUnread: null }],
    });
  t.ok(at(0));
  t.notOk(at(3));
  t.notOk(at(null));
});

t.test('of the first unread orders the oldest one counts', async (t) => {
  const at = (since: string | null) => ({
    partition: 0,
    endOffset: 9,
    lag: 1,
    firstUnread: since === null ? null : { since, orBefore: false },
  });
  const lag = [at('2026-01-03'), at(null), at('2026-01-02')];
  t.equal(oldestUnread({ ...base, lag })?.since, '2026-01-02');
  t.equal(oldestUnread({ ...base, lag: [at(null)] }), null);
});

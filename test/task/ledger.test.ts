import fc from 'fast-check';
import t from 'tap';
import { type CountedRange, countOf } from '../../server/log/offset-ranges.ts';
import type { Redrive } from '../../server/log/redrive.ts';
import { sumOf } from '../../server/orders/averages.ts';
import type { Order } from '../../server/orders/order.ts';
import type { Letter } from '../../server/task/ledger/read-dead-letter.ts';
import { createLedger } from '../../server/task/ledger.ts';
import { emptyState } from '../../server/task/ledger-state.ts';
import { pendingRecord } from '../../server/task/pending.ts';
import { type OrderLedger, orderFold } from '../fixtures/orders.ts';
import { someOrder } from '../fixtures/some-order.ts';

const order = (price: number, product = 'a') => someOrder({ product, price });
const inconsistent = { code: 'INCONSISTENT_STATE' };

/** A ledger that has counted so many orders at 10. */
function counting(orders: number): OrderLedger {
  const ledger = createLedger(emptyState(0, orderFold.empty()), orderFold, 'g');
  for (let offset = 0; offset < orders; offset += 1) {
    ledger.arrive(offset, null);
    ledger.count(order(10));
  }
  return ledger;
}

/** A record that waits, known by its text. */
const pending = (error: string) => ({
  ...pendingRecord({ offset: 0, timestamp: 1, body: Buffer.alloc(0) }, null, 0),
  error,
});

/** A dead letter of an order that was not redriven, unless it is said. */
const letterOf = (content: Order | null, redrive: Redrive | null = null): Letter<Order> => ({
  decode: () => content,
  redrive: () => redrive,
});

/** Everything that a checkpoint carries, in a copy of its own. */
function stateOf({ state: { redriven, deadLetters, outcomes, ...state } }: OrderLedger) {
  const sets = { redriven: redriven.packAll(), deadLetters: deadLetters.pack() };
  return structuredClone({ ...state, ...sets, commands: [...outcomes.counts()] });
}

t.test('what contradicts the state is refused, and nothing is changed by it', async (t) => {
  const ledger = counting(3);
  ledger.passGap(5);
  ledger.defer(pending('waits'));
  const letter = (origin: number, content: Order | null) => () =>
    ledger.readDeadLetter(7, origin, letterOf(content));
  const wrong: [string, () => unknown][] = [
    ['a product that was never counted', letter(0, order(10, 'b'))],
    ['a sum that would fall below zero', letter(0, order(31))],
    ['bytes that are no order', letter(0, null)],
    ['a record below N', () => ledger.arrive(4, null)],
    ['a gap below N', () => ledger.passGap(5)],
  ];
  const before = stateOf(ledger);
  for (const [what, transition] of wrong) {
    t.throws(transition, inconsistent, what);
    t.same(stateOf(ledger), before, what);
    t.notOk(ledger.state.deadLetters.has(0), what);
  }
  t.same(letter(0, order(10))(), undefined);
  t.match(ledger.state, { deadLetterOffset: 8, deadLettered: 1, corrections: 1 });
});

t.test('the last order of a product is taken back only with all of its sum', async (t) => {
  const ledger = counting(1);
  t.throws(() => ledger.readDeadLetter(0, 0, letterOf(order(4))), inconsistent);
  ledger.readDeadLetter(0, 0, letterOf(order(10)));
  t.equal(ledger.state.folded.averages.size, 0);
});

t.test('an origin in a gap was not counted, and is not subtracted', async (t) => {
  const ledger = counting(2);
  ledger.arrive(5, null);
  ledger.count(order(10));
  ledger.readDeadLetter(0, 3, letterOf(order(10)));
  t.match(ledger.state, { deadLettered: 1, corrections: 0, gapRanges: { length: 2 } });
  t.same(ledger.state.gapRanges, [
    { from: 2, to: 3, count: 1 },
    { from: 4, to: 5, count: 1 },
  ]);
  t.equal(sumOf(ledger.state.folded.averages.get('a')!), 300_000n);
});

t.test('a dead letter read before its gap is passed is no gap', async (t) => {
  for (const pass of ['arrive', 'passGap', 'lose'] as const) {
    const ledger = counting(2);
    ledger.readDeadLetter(0, 3, letterOf(order(10)));
    if (pass === 'arrive') ledger.arrive(5, null);
    else ledger[pass](5);
    const { gapRanges, lost, deadLettered } = ledger.state;
    t.equal(deadLettered, 1, pass);
    t.same(pass === 'lose' ? lost : gapRanges, [
      { from: 2, to: 3, count: 1 },
      { from: 4, to: 5, count: 1 },
    ]);
  }
});

t.test('what is not known any more is not guessed', async (t) => {
  const state = emptyState(0, orderFold.empty());
  state.nextOffset = 10;
  state.gapRanges = [{ from: 0, to: 8, count: 2 }];
  state.folded.averages.set('a', { count: 8, low: 800_000, carry: 0 });
  const ledger = createLedger(state, orderFold, 'g');
  const before = stateOf(ledger);
  t.throws(() => ledger.readDeadLetter(0, 4, letterOf(order(10))), inconsistent);
  t.same(stateOf(ledger), before);
  ledger.readDeadLetter(0, 9, letterOf(order(10)));
  t.equal(ledger.state.corrections, 1);
});

t.test('a gap inside lost ranges that were put together is known to be a gap', async (t) => {
  const state = emptyState(0, orderFold.empty());
  state.nextOffset = 10;
  state.lost = [{ from: 0, to: 8, count: 2 }];
  state.gapRanges = [{ from: 4, to: 5, count: 1 }];
  const ledger = createLedger(state, orderFold, 'g');
  ledger.readDeadLetter(0, 4, letterOf(order(10)));
  t.match(ledger.state, { deadLettered: 1, corrections: 0, gapRanges: [] });
  t.same(ledger.state.lost, [{ from: 0, to: 8, count: 2 }]);
});

type Kind = 'counted' | 'gap' | 'lost';
type Truth = { kind: Kind; product: string; joined: boolean };

/** Where the offsets of a kind stand; those marked are put together with the range before. */
function rangesOf(truth: readonly Truth[], kind: Kind): CountedRange[] {
  const ranges: CountedRange[] = [];
  for (const [offset, { kind: found, joined }] of truth.entries()) {
    if (found !== kind) continue;
    const last = ranges.at(-1);
    const one = { from: offset, to: offset + 1, count: 1 };
    if (last === undefined || !(joined || last.to === offset)) ranges.push(one);
    else ranges.splice(-1, 1, { ...last, to: offset + 1, count: last.count + 1 });
  }
  return ranges;
}

/** A ledger that has come to all of it. */
function ledgerOf(truth: readonly Truth[]): OrderLedger {
  const state = emptyState(0, orderFold.empty());
  state.nextOffset = truth.length;
  state.gapRanges = rangesOf(truth, 'gap');
  state.lost = rangesOf(truth, 'lost');
  for (const { kind, product } of truth) {
    if (kind === 'counted') orderFold.add(state.folded, order(10, product));
  }
  return createLedger(state, orderFold, 'g');
}

/** How many offsets are of each kind. */
function countsOf({ state }: OrderLedger) {
  const counted = [...state.folded.averages.values()].reduce((sum, { count }) => sum + count, 0);
  return { counted, gap: countOf(state.gapRanges), lost: countOf(state.lost) };
}

t.test(
  'dead letters among ranges that were put together are booked right, or refused',
  async (t) => {
    const kind = fc.constantFrom<Kind>('counted', 'gap', 'lost');
    const product = fc.constantFrom('a', 'b', 'c');
    const truth = fc.array(fc.record({ kind, product, joined: fc.boolean() }), {
      minLength: 1,
      maxLength: 12,
    });
    let booked = 0;
    fc.assert(
      fc.property(truth, fc.nat(), fc.boolean(), (truth, pick, isOrder) => {
        const ledger = ledgerOf(truth);
        const origin = pick % truth.length;
        const { kind, product } = truth[origin]!;
        const before = stateOf(ledger);
        const counts = countsOf(ledger);
        const content = isOrder || kind === 'counted' ? order(10, product) : null;
        try {
          ledger.readDeadLetter(0, origin, letterOf(content));
        } catch {
          t.same(stateOf(ledger), before);
          return true;
        }
        if (kind !== 'counted') booked += 1;
        return countsOf(ledger)[kind] === counts[kind] - 1 && ledger.state.deadLettered === 1;
      }),
      { numRuns: 2000 },
    );
    t.ok(booked > 0);
  },
);

t.test('what cannot have been counted is taken out of the only ranges it can be in', async (t) => {
  for (const content of [null, order(10, 'never counted')]) {
    const state = emptyState(0, orderFold.empty());
    state.nextOffset = 10;
    state.lost = [{ from: 0, to: 8, count: 2 }];
    state.folded.averages.set('a', { count: 8, low: 800_000, carry: 0 });
    const ledger = createLedger(state, orderFold, 'g');
    ledger.readDeadLetter(0, 4, letterOf(content));
    ledger.readDeadLetter(1, 5, letterOf(content));
    t.match(ledger.state, { deadLettered: 2, corrections: 0, lost: [] });
    t.throws(() => ledger.readDeadLetter(2, 6, letterOf(content)), inconsistent, 'nothing is left');
  }
});

t.test('of two kinds of ranges that were put together none is guessed', async (t) => {
  const state = emptyState(0, orderFold.empty());
  state.nextOffset = 10;
  state.lost = [{ from: 0, to: 8, count: 2 }];
  state.gapRanges = [{ from: 1, to: 7, count: 2 }];
  const ledger = createLedger(state, orderFold, 'g');
  t.throws(() => ledger.readDeadLetter(0, 4, letterOf(null)), inconsistent);
});

import t from 'tap';
import { packOffsets } from '../../server/log/packed-offsets.ts';
import { type Evidence, fateOf } from '../../server/view/fate.ts';
import { someCheckpoint } from '../fixtures/orders.ts';

const redrive = { group: 'g', deadLetter: 1, origin: 4, id: 'c', count: 1, at: 0, by: 'me' };
const range = (from: number, count = 1, to = from + count) => ({ from, to, count });
const waiting = {
  ...{ offset: 15, attempts: 2, firstFailedAt: 1, dueIn: 5 },
  ...{ givenUp: null, error: 'gateway timeout' },
};

/** It began at 10, has read up to 30, and dead letters up to 5. */
const checkpoint = {
  ...someCheckpoint({}),
  ...{ start: 10, nextOffset: 30, deadLetterOffset: 5, redrivesFrom: 10 },
  ...{ lost: [range(11)], copyRanges: [range(12)], pending: [waiting] },
};

function fate(offset: number, change: Partial<Evidence> = {}, head = checkpoint) {
  const letters = { from: 0, to: 5 };
  const evidence = { offset, group: 'g', redrive: null, letter: null, letters, ...change };
  return fateOf({ checkpoint: head, offset: 7, base: null }, evidence).fate;
}

t.test('the head says what became of a record', async (t) => {
  t.equal(fate(9), 'before');
  t.equal(fate(30), 'unread');
  t.equal(fate(11), 'lost');
  t.equal(fate(12, { redrive }), 'copy');
  t.equal(fate(13, { redrive: { ...redrive, group: 'others' } }), 'foreign');
  t.equal(fate(13, { redrive }), 'counted');
  t.equal(fate(14), 'counted');
  t.equal(fate(15), 'waiting');
  t.equal(fate(14, { letter: 4 }), 'dead-lettered');
  t.equal(fate(15, { letter: 5 }), 'waiting', 'until its letter has been read back');
  t.equal(fateOf(null, { ...evidenceOf(3) }).fate, 'unread');
});

t.test('an older program took what others redrove for orders', async (t) => {
  const old = { ...checkpoint, redrivesFrom: 20 };
  t.equal(fate(13, { redrive: { ...redrive, group: 'others' } }, old), 'counted');
});

t.test('what cannot be known is not said', async (t) => {
  t.equal(fate(14, { letters: { from: 1, to: 5 } }), 'unknown', 'older letters are not held');
  t.equal(fate(14, { letters: { from: 0, to: 4 } }), 'unknown', 'the index is behind');
  const joined = { ...checkpoint, lost: [range(11, 2, 20)] };
  t.equal(fate(14, {}, joined), 'unknown', 'one of these was lost');
});

t.test('what the head leans on tells of letters that retention has taken', async (t) => {
  const deadLetters = packOffsets(Float64Array.of(14));
  const told = { ...checkpoint, deadLetters };
  const letters = { from: 5, to: 5 };
  t.equal(fate(14, { letters }, told), 'dead-lettered');
  t.equal(fate(16, { letters }, told), 'counted');
});

function evidenceOf(offset: number): Evidence {
  return { offset, group: 'g', redrive: null, letter: null, letters: { from: 0, to: 0 } };
}

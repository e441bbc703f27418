import t from 'tap';
import {
  indexedLetters,
  lettersByCode,
  oldestOpenAge,
} from '../../server/service/letter-metrics.ts';
import { createDeadLetterIndex } from '../../server/view/dead-letter-index.ts';
import { finish } from '../fixtures/finish.ts';

const AT = Date.UTC(2026, 0, 1);

function world() {
  const index = createDeadLetterIndex();
  let offset = 0;
  const add = (code: string | null, origin: number, partition = 0) =>
    index.add({
      ...{ partition, offset, timestamp: AT + 1000 * offset++, code, origin },
      ...{ group: `${code}: because`, lives: 0, earlier: -1 },
    });
  let complete = true;
  const reach = () => ({ complete }) as never;
  const letters = indexedLetters(index, { reach });
  return { index, letters, add, incomplete: () => (complete = false) };
}

t.test('dead letters are told by code and state; codes of strangers are one', async (t) => {
  const { index, letters, add } = world();
  add('EMPTY', 1);
  add('EMPTY', 2);
  add('PERMANENT', 3);
  add('whatever they write', -1);
  add(null, -1);
  finish(index.setRedriven(0, { base: new Float64Array([2]), since: new Float64Array() }));
  const told = lettersByCode(letters).filter(({ value }) => value > 0);
  t.same(told, [
    { labels: { code: 'EMPTY', state: 'open' }, value: 1 },
    { labels: { code: 'EMPTY', state: 'redriven' }, value: 1 },
    { labels: { code: 'PERMANENT', state: 'open' }, value: 1 },
    { labels: { code: 'other', state: 'open' }, value: 2 },
  ]);
});

t.test(
  'the oldest open dead letter is the oldest of all partitions that nobody sent back',
  async (t) => {
    const { index, letters, add } = world();
    t.same(oldestOpenAge(letters, AT), [], 'there is none');
    add('EMPTY', 1, 1);
    add('EMPTY', 2, 0);
    add('EMPTY', 3, 1);
    t.same(oldestOpenAge(letters, AT + 10_000), [{ value: 10 }]);
    finish(index.setRedriven(1, { base: new Float64Array([1]), since: new Float64Array() }));
    t.same(oldestOpenAge(letters, AT + 10_000), [{ value: 9 }]);
    t.same(
      oldestOpenAge(letters, AT),
      [{ value: 0 }],
      'a clock that is behind makes no negative age',
    );
  },
);

t.test('nothing is told before all letters have been read', async (t) => {
  const { letters, add, incomplete } = world();
  incomplete();
  add('EMPTY', 1);
  t.same(lettersByCode(letters), []);
  t.same(oldestOpenAge(letters, AT), []);
});

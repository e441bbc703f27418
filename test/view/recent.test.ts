import t from 'tap';
import { createRecent } from '../../server/view/recent.ts';

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 10, 22, 12);
const ago = (minutes: number) => NOON - minutes * MINUTE;

t.test(
  'letters of the last hour are counted by five minutes, in whatever order they come',
  async (t) => {
    const recent = createRecent();
    for (const minutes of [1, 12, 54, 1, 59, 61, 300, -60]) recent.add(ago(minutes), NOON);
    t.same(recent.read(NOON - 1), [1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2]);
    t.same(recent.read(NOON + 10 * MINUTE), [0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0]);
    t.same(recent.read(NOON + 60 * MINUTE), new Array(12).fill(0));
    recent.add(ago(-60), NOON + 60 * MINUTE);
    t.equal(recent.read(NOON + 60 * MINUTE).at(-1), 1, 'an hour later its place is taken anew');
  },
);

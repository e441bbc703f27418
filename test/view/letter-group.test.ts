import t from 'tap';
import { groupOf, MAX_GROUP_LENGTH } from '../../server/view/letter-group.ts';

t.test('reasons that differ in numbers, ids and quoted texts are of one group', async (t) => {
  const groups: [string, string[]][] = [
    [
      'PRICE_NEGATIVE: price is #',
      ['PRICE_NEGATIVE: price is -12.5', 'PRICE_NEGATIVE: price is -3e-7'],
    ],
    [
      'PERMANENT: order # has no customer "…"',
      ['PERMANENT: order 7f3a-11 has no customer "Ann"', 'PERMANENT: order o-2 has no customer ""'],
    ],
    ['MALFORMED: orders[#] ends', ['MALFORMED: orders[2] ends', 'MALFORMED: orders[3] ends']],
    ['FIELD_EMPTY: product is empty or blank', ['FIELD_EMPTY: product is empty or blank']],
  ];
  for (const [group, reasons] of groups) {
    for (const reason of reasons) t.equal(groupOf(reason), group, reason);
  }
});

t.test(
  'a quoted text that does not end is a quoted text, and a group has a bounded name',
  async (t) => {
    t.equal(groupOf('PERMANENT: said "no'), 'PERMANENT: said "…"');
    t.equal(groupOf('x '.repeat(1000)).length, MAX_GROUP_LENGTH - 1);
    t.equal(groupOf(''), '');
  },
);

t.test('a group that is cut is a text that comes back from a command as it was', async (t) => {
  for (let length = MAX_GROUP_LENGTH - 3; length <= MAX_GROUP_LENGTH; length += 1) {
    const group = groupOf(`${'x'.repeat(length)}😀😀`);
    t.equal(Buffer.from(group).toString(), group, `after ${length} characters`);
  }
});

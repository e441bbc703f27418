import t from 'tap';
import * as format from '../../client/src/format.ts';

t.test('numbers have separators, averages two decimals, the unknown a dash', async (t) => {
  t.equal(format.count(6854), '6,854');
  t.equal(format.count(null), '—');
  t.equal(format.average(1190.345), '1,190.35');
  t.equal(format.average(7), '7.00');
  t.equal(format.average(undefined), '—');
});

t.test('a rate has a decimal where it says something', async (t) => {
  t.equal(format.rate(38.7), '39');
  t.equal(format.rate(0.44), '0.4');
  t.equal(format.rate(9.96), '10');
  t.equal(format.rate(0), '0');
  t.equal(format.rate(null), '—');
});

t.test('a share of little is not rounded to nothing', async (t) => {
  t.equal(format.share(23, 6877), '0.33%');
  t.equal(format.share(1, 1_000_000), 'under 0.01%');
  t.equal(format.share(0, 0), '0%');
  t.equal(format.share(1, 3), '33%');
});

t.test('durations take the one unit that fits', async (t) => {
  const said = [40, 500, 1400, 59_000, 61_000, 3_590_000, 86_400_000 * 3].map(format.duration);
  t.same(said, ['0.1 s', '0.5 s', '1 s', '59 s', '1 min', '1 h', '3 d']);
});

t.test('ago is now for a moment, also where two clocks disagree', async (t) => {
  t.equal(format.ago(-3000), 'now');
  t.equal(format.ago(1499), 'now');
  t.equal(format.ago(6000), '6 s ago');
});

t.test('a backlog is a time only where a rate says so', async (t) => {
  t.equal(format.backlog(19, 38.7), 'about 0.5 s');
  t.equal(format.backlog(19, 0), null);
  t.equal(format.backlog(19, null), null);
  t.equal(format.backlog(0, 38.7), null);
});

t.test('times are local, with milliseconds; what is no date is shown as it came', async (t) => {
  const noon = new Date(2026, 10, 22, 12, 3, 4, 56);
  t.equal(format.timeOfDay(noon.toISOString()), '12:03:04.056');
  t.equal(format.timeOfDay(noon.toISOString(), false), '12:03:04');
  t.equal(format.timeOfDay('yesterday'), 'yesterday');
  t.equal(format.dayUnlessToday(noon.toISOString(), noon), '');
  t.equal(format.dayUnlessToday(noon.toISOString(), new Date(2026, 10, 23)), '22 Nov');
});

t.test('one is not many', async (t) => {
  t.equal(format.plural(1, 'partition'), '1 partition');
  t.equal(format.plural(1200, 'product'), '1,200 products');
});

t.test('an average that would round to nothing keeps the decimals of a price', async (t) => {
  t.equal(format.average(0.0001), '0.0001');
  t.equal(format.average(0.0049), '0.0049');
  t.equal(format.average(0.00004), 'under 0.0001');
  t.equal(format.average(0), '0.00');
  t.equal(format.average(0.01), '0.01');
});

t.test('what cannot be seen in a name is written by name', async (t) => {
  const said = (text: string) =>
    format
      .pieces(text)
      .map(({ text, odd }) => (odd ? `[${text}]` : text))
      .join('');
  t.equal(said('Desk lamp'), 'Desk lamp');
  t.equal(said(' Desk  lamp '), '[␣]Desk[␣␣]lamp[␣]');
  t.equal(said('Desk\u200blamp'), 'Desk[U+200B]lamp');
  t.equal(said('\u202eevil\u00a0'), '[U+202E]evil[U+00A0]');
  t.equal(said('a\tb'), 'a[U+0009]b');
  t.equal(said('Möbel 椅子 🪑'), 'Möbel 椅子 🪑');
});

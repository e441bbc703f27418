import t from 'tap';
import { createHistogram } from '../../server/log/histogram.ts';

t.test('a value counts in its bucket and in all above it', async (t) => {
  const histogram = createHistogram([1, 2, 5]);
  for (const value of [0, 1, 1.5, 5, 6]) histogram.observe(value);
  t.match(histogram.read(), { cumulative: [2, 3, 4], count: 5, sum: 13.5 });
});

t.test('one look may stand for many, and what is no number for none', async (t) => {
  const histogram = createHistogram([1]);
  histogram.observe(0.5, 1000);
  histogram.observe(Number.NaN);
  t.match(histogram.read(), { cumulative: [1000], count: 1000, sum: 500 });
});

t.test('the last example of each bucket is kept, and asked for only by readers', async (t) => {
  const histogram = createHistogram([1, 2]);
  let asked = 0;
  const example = (offset: string) => () => {
    asked += 1;
    return { labels: { offset }, at: 5 };
  };
  histogram.observe(0.5, 1, example('1'));
  histogram.observe(0.6, 1, example('2'));
  histogram.observe(9, 1, example('3'));
  histogram.observe(0.7);
  t.equal(asked, 0);
  t.same(histogram.read().examples, [
    { labels: { offset: '2' }, at: 5, value: 0.6 },
    undefined,
    { labels: { offset: '3' }, at: 5, value: 9 },
  ]);
});

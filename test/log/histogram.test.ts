import t from 'tap';
import { createHistogram } from '../../server/log/histogram.ts';

t.test('a value counts in its bucket and in all above it', async (t) => {
  const histogram = createHistogram([1, 2, 5]);
  for (const value of [0, 1, 1.5, 5, 6]) histogram.observe(value);
  t.same(histogram.read(), { cumulative: [2, 3, 4], count: 5, sum: 13.5 });
});

t.test('one look may stand for many, and what is no number for none', async (t) => {
  const histogram = createHistogram([1]);
  histogram.observe(0.5, 1000);
  histogram.observe(Number.NaN);
  t.same(histogram.read(), { cumulative: [1000], count: 1000, sum: 500 });
});

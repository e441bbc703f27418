import t from 'tap';
import { createTold } from '../../server/service/told.ts';
import { fakeSource } from '../fixtures/http.ts';
import { manualClock } from '../fixtures/manual-clock.ts';

const readings = { throughput: 1, lag: [], work: [], status: fakeSource().status() };
const many = Array.from({ length: 1001 }, (_, i) => `p${i}`);

t.test('what was told is no news, and what changed since is', async (t) => {
  const told = createTold(manualClock());
  t.same(told.tell({ known: false, readings, products: [] }), { readings, products: [] });
  const next = { ...readings, throughput: 2 };
  t.same(told.tell({ known: false, readings: next, products: ['a'] }), {
    readings: { throughput: 2 },
    products: ['a'],
  });
});

t.test('everything is told once it is known, and when too much has changed', async (t) => {
  const clock = manualClock();
  const told = createTold(clock);
  t.equal(told.tell({ known: true, readings, products: [] }), 'all');
  t.match(told.tell({ known: true, readings, products: many }), { readings: {} }, 'not at once');
  await clock.advance(1000);
  t.equal(told.tell({ known: true, readings, products: many }), 'all');
  t.same(told.tell({ known: true, readings, products: [] }), { readings: {}, products: [] });
});

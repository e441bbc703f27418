import t from 'tap';
import { createExposition } from '../server/metrics.ts';
import { fakeSource } from './fixtures/http.ts';

/** The samples of an exposition by series; throws on a line that is none. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const described = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = /^# (?:HELP|TYPE) ([a-z0-9_]+) ./.exec(line);
    if (comment) {
      described.add(comment[1]!);
      continue;
    }
    const match = /^(([a-z0-9_]+)(?:\{[^}]*\})?) (\S+)$/.exec(line);
    if (!match) throw new Error(`not a sample: ${line}`);
    const name = match[2]!.replace(/_(bucket|sum|count)$/, '');
    if (!described.has(name) && !described.has(match[2]!))
      throw new Error(`not described: ${name}`);
    samples.set(match[1]!, Number(match[3]));
  }
  return samples;
}

t.test('a scrape shows what the service shows', async (t) => {
  const source = fakeSource();
  const exposition = createExposition();
  const scrape = async () => parse(await exposition.render({ ...source.read(), streamClients: 4 }));
  for (let i = 0; i < 5; i++) source.order('__proto__', 10);
  source.deadLetter('order-1');

  const first = await scrape();
  t.equal(first.get('orders_processed_total'), 5);
  t.equal(first.get('orders_dead_lettered_total'), 1);
  t.equal(first.get('orders_retries_total'), 3);
  t.equal(first.get('orders_pending'), 0);
  t.equal(first.get('orders_average_price'), 10);
  t.equal(first.get('orders_lag{partition="0"}'), 7);
  t.equal(first.get('http_stream_clients'), 4);
  t.equal(first.get('kafka_up'), 1);
  t.equal(first.get('service_ready'), 1);
  t.ok(first.has('process_resident_memory_bytes'));
  t.notMatch([...first.keys()].join(), /__proto__/, 'no series is named by a product');

  t.equal((await scrape()).get('orders_processed_total'), 5, 'nothing is counted twice');
  source.order('Item1', 1);
  t.equal((await scrape()).get('orders_processed_total'), 6);
});

t.test('a correction lets no counter fall', async (t) => {
  const source = fakeSource();
  const exposition = createExposition();
  for (let i = 0; i < 5; i++) source.order('Item1', 10);
  const sample = { ...source.read(), streamClients: 0 };
  const { balance } = sample.metrics;
  const corrected = { ...balance, counted: balance.counted - 1, corrections: 1 };
  const text = await exposition.render({
    ...sample,
    metrics: { ...sample.metrics, balance: corrected },
  });
  t.equal(parse(text).get('orders_processed_total'), 5);
  t.equal(parse(text).get('orders_corrections_total'), 1);
});

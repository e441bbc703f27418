import t from 'tap';
import type { Figures, Status } from '../../server/http/contract.ts';
import { createExpositions } from '../../server/service/metrics.ts';
import { fakeSource } from '../fixtures/http.ts';
import { idleInstance } from '../fixtures/idle-instance.ts';

const NOW = Date.UTC(2026, 0, 1);

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
    const name = match[2]!.replace(/_(bucket|sum|count|total)$/, '');
    if (!described.has(name) && !described.has(match[2]!))
      throw new Error(`not described: ${name}`);
    samples.set(match[1]!, Number(match[3]));
  }
  return samples;
}

t.test('a scrape shows what the service shows', async (t) => {
  const source = fakeSource();
  const { text } = createExpositions(idleInstance());
  const scrape = async () => parse(await text.render(sampleOf(source)));
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

/** What a scrape of this source shows, with other figures where they are given. */
function sampleOf(source: ReturnType<typeof fakeSource>, figures?: Partial<Figures>) {
  const known = source.figures();
  const status: Status = source.status();
  const lag = source.lag();
  return {
    figures: known && { ...known, ...figures },
    lag,
    status,
    streamClients: 4,
    streamDrops: 2,
    now: NOW,
  };
}

t.test('no counter ever falls', async (t) => {
  const source = fakeSource();
  const { text } = createExpositions(idleInstance());
  for (let i = 0; i < 5; i++) source.order('Item1', 10);
  const { balance } = source.figures()!;
  const scrape = async (change: Partial<typeof balance>) => {
    const all = await text.render(sampleOf(source, { balance: { ...balance, ...change } }));
    return [parse(all), all] as const;
  };
  const [before, described] = await scrape({ lost: 5 });
  const corrected = { counted: balance.counted - 1, corrections: 1 };
  const [after] = await scrape({ ...corrected, lost: 4, deadLettered: 2 });
  for (const [series, value] of before) {
    const isCounter = described.includes(`# TYPE ${series} counter`);
    if (isCounter && series.startsWith('orders_')) t.ok(after.get(series)! >= value, series);
  }
  t.equal(after.get('orders_corrections_total'), 1);
  t.equal(after.get('orders_lost'), 4, 'what may fall is no counter');
});

t.test('what is not known has no sample', async (t) => {
  const source = fakeSource();
  const { text, openMetrics } = createExpositions(idleInstance());
  source.order('Item1', 10);
  for (const exposition of [text, openMetrics]) {
    await exposition.render(sampleOf(source));
    const lag = [{ partition: 0, endOffset: null, lag: null, firstUnread: null }];
    const rendered = await exposition.render({ ...sampleOf(source), figures: null, lag });
    t.notMatch(rendered, /^orders_/m);
    t.match(rendered, /^service_ready 1$/m);
  }
});

t.test('OpenMetrics has its own names and its end, and changes nothing of the text', async (t) => {
  const source = fakeSource();
  const { text, openMetrics } = createExpositions(idleInstance());
  for (let i = 0; i < 2; i++) {
    const rendered = await openMetrics.render(sampleOf(source));
    t.match(rendered, /^# TYPE orders_processed counter$/m);
    t.match(rendered, /^orders_processed_total 0$/m);
    t.ok(rendered.endsWith('\n# EOF\n'));
    t.match(await text.render(sampleOf(source)), /^# TYPE orders_processed_total counter$/m);
  }
  t.match(openMetrics.contentType, /^application\/openmetrics-text; version=1\.0\.0/);
  t.match(text.contentType, /^text\/plain; version=0\.0\.4/);
});

t.test('the ages of the group: of what is unread, and of the checkpoints', async (t) => {
  const source = fakeSource();
  const { text } = createExpositions(idleInstance());
  source.order('Item1', 10);
  const at = (ms: number) => new Date(NOW - ms).toISOString();
  const { asOf } = source.figures()!;
  const lag = [
    { partition: 0, endOffset: 7, lag: 0, firstUnread: null },
    { partition: 1, endOffset: 7, lag: 7, firstUnread: { since: at(90_000), orBefore: false } },
    { partition: 2, endOffset: 7, lag: null, firstUnread: null },
    { partition: 3, endOffset: 7, lag: 1, firstUnread: { since: at(-5000), orBefore: false } },
  ];
  const sample = sampleOf(source, {
    asOf: [
      { ...asOf[0]!, writtenAt: at(2500) },
      { ...asOf[0]!, partition: 1, writtenAt: null },
    ],
  });
  const series = parse(await text.render({ ...sample, lag }));
  const of = (name: string) => [...series].filter(([key]) => key.startsWith(`${name}{`));
  t.same(of('orders_lag_seconds'), [
    ['orders_lag_seconds{partition="0"}', 0],
    ['orders_lag_seconds{partition="1"}', 90],
    ['orders_lag_seconds{partition="3"}', 0],
  ]);
  t.same(of('orders_checkpoint_age_seconds'), [
    ['orders_checkpoint_age_seconds{partition="0"}', 2.5],
  ]);
});

t.test('what the instance measures of itself', async (t) => {
  const instance = { ...idleInstance(), callsInFlight: () => 3 };
  const { instruments } = instance;
  const waiting = new Map([
    [0, null],
    [4, NOW - 60_000],
  ]);
  const expositions = createExpositions({ ...instance, waitingSince: () => waiting });
  instruments.handler.observe(0.2);
  instruments.handler.observe(700);
  instruments.rebalance.observe(3);
  instruments.appendRetries.add();
  for (const exposition of [expositions.text, expositions.openMetrics]) {
    const text = await exposition.render(sampleOf(fakeSource()));
    t.match(text, /^# TYPE service_handler_seconds histogram$/m);
    const series = parse(text.replace('# EOF\n', ''));
    t.match(Object.fromEntries(series), {
      'service_handler_seconds_bucket{le="0.1"}': 0,
      'service_handler_seconds_bucket{le="0.25"}': 1,
      'service_handler_seconds_bucket{le="60"}': 1,
      'service_handler_seconds_bucket{le="+Inf"}': 2,
      service_handler_seconds_sum: 700.2,
      service_handler_seconds_count: 2,
      service_calls_in_flight: 3,
      'service_oldest_waiting_seconds{partition="0"}': 0,
      'service_oldest_waiting_seconds{partition="4"}': 60,
      service_rebalances_total: 1,
      service_append_retries_total: 1,
      http_stream_messages_dropped_total: 2,
    });
    t.notOk(series.has('service_heartbeat_age_seconds'), 'no member, no age');
  }
});

t.test('OpenMetrics says of a delay where it was seen, the text does not', async (t) => {
  const instance = idleInstance();
  const { text, openMetrics } = createExpositions(instance);
  const example = (offset: string) => () => ({ labels: { partition: '2', offset }, at: NOW });
  instance.instruments.endToEnd.observe(0.2, 10, example('7'));
  instance.instruments.endToEnd.observe(0.21, 10, example('8'));
  instance.instruments.endToEnd.observe(1e6, 1, example('9'));
  const sample = sampleOf(fakeSource());
  const rendered = await openMetrics.render(sample);
  const seconds = NOW / 1000;
  for (const line of [
    `service_end_to_end_seconds_bucket{le="0.25"} 20 # {partition="2",offset="8"} 0.21 ${seconds}`,
    `service_end_to_end_seconds_bucket{le="+Inf"} 21 # {partition="2",offset="9"} 1000000 ${seconds}`,
  ]) {
    t.ok(rendered.includes(`\n${line}\n`), line);
  }
  t.notOk(rendered.includes('offset="7"'), 'the last one of a bucket');
  t.notMatch(await text.render(sample), / # \{/);
});

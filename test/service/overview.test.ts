import { once } from 'node:events';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { type AppDeps, buildApp } from '../../server/http/app.ts';
import type { Metrics, PartitionLag, Snapshot } from '../../server/http/contract.ts';
import { encodeCheckpoint } from '../../server/log/checkpoint.ts';
import { systemClock } from '../../server/log/clock.ts';
import type { DeadLetter } from '../../server/log/dead-letter.ts';
import type { Averages } from '../../server/orders/averages.ts';
import { createExpositions } from '../../server/service/metrics.ts';
import { createOverview } from '../../server/service/overview.ts';
import type { GroupView } from '../../server/view/group-view.ts';
import {
  applyDelta,
  fakeSource,
  foundNothing,
  listen,
  noHistory,
  noSchemas,
  noSeries,
  rawClient,
} from '../fixtures/http.ts';
import { idleInstance } from '../fixtures/idle-instance.ts';
import { fakeCommands, memoryLetters } from '../fixtures/letters.ts';
import { manualClock } from '../fixtures/manual-clock.ts';
import { createMergedHeads, someCheckpoint } from '../fixtures/orders.ts';

/** What is shown of heads that a test puts there. */
function world(
  clock = systemClock,
  overrides: Partial<Parameters<typeof createOverview>[0]> = {},
  deadLetters: DeadLetter[] = [],
) {
  const failures: unknown[] = [];
  const heads = createMergedHeads(clock, (_, error) => failures.push(error));
  const view: GroupView = {
    known: true,
    heads: heads.newest,
    merge: heads.merge,
    merged: heads.merged,
    run: heads.run,
    newestDeadLetters: () => deadLetters,
    takeChanges: () => ({ moved: heads.takeMoved(), deadLetters: [] }),
  };
  let nextOffset = 0;
  const put = (partition: number, counts: Iterable<[string, number]>) => {
    const averages: Averages = new Map(
      [...counts].map(([product, count]) => [product, { count, low: count * 10_000, carry: 0 }]),
    );
    nextOffset += 1;
    heads.put(partition, encodeCheckpoint(someCheckpoint({ partition, nextOffset, averages })));
  };
  const source = createOverview({
    view,
    averages: heads.group,
    clock,
    status: fakeSource().status,
    lag: () => [],
    work: () => [],
    old: () => new Set(),
    find: () => null,
    ...overrides,
  });
  return { source, put, failures };
}

/** `length` products of which each tick changes what a test wants changed. */
const products = (length: number, prefix = 'p'): [string, number][] =>
  Array.from({ length }, (_, i) => [`${prefix}${i}`, length - i]);

async function start(deps: Partial<AppDeps> & Pick<AppDeps, 'source'>) {
  return buildApp({
    series: noSeries,
    history: noHistory,
    follow: foundNothing,
    letters: memoryLetters().letters,
    commands: { ...fakeCommands(), teach: null },
    writing: { loopback: true, token: null, readOnly: false },
    audit() {},
    failed() {},
    expositions: createExpositions(idleInstance()),
    schemas: () => noSchemas,
    epoch: 1,
    allowedHosts: [],
    corsOrigins: [],
    ...deps,
  });
}

t.test('a message lists 200 changes, the next ones the rest, oldest first', async (t) => {
  const { source, put } = world(manualClock());
  put(0, products(500));
  t.equal(source.settle(), undefined);
  t.equal(source.takeChanges(), 'all', 'the first time everything is new');
  const shown = source.read();
  put(
    0,
    products(500).map(([name, count]) => [name, count + 1]),
  );
  source.settle();
  let state = { epoch: 1, seq: 0, ...shown } as Snapshot;
  for (const size of [200, 200, 100]) {
    const changes = source.takeChanges();
    if (changes === null || changes === 'all') return t.fail('no list');
    t.equal(Object.keys(changes.metrics?.perProduct ?? {}).length, size);
    state = applyDelta(state, { at: 0, epoch: 1, base: state.seq, seq: state.seq + 1, ...changes });
  }
  t.equal(source.takeChanges(), null);
  t.same(state.metrics, source.read().metrics);
});

t.test(
  'of many the thousand with most orders are shown, and who leaves them is named',
  async (t) => {
    const { source, put } = world(manualClock());
    put(0, products(1500));
    source.settle();
    source.takeChanges();
    const before = source.read().metrics;
    t.equal(before?.productCount, 1500);
    t.equal(Object.keys(before?.perProduct ?? {}).length, 1000);
    t.notOk(before?.perProduct.p1000);
    put(
      0,
      products(1500).map(([name, count]) => [name, name === 'p1400' ? 9999 : count]),
    );
    source.settle();
    const changes = source.takeChanges();
    if (changes === null || changes === 'all') return t.fail('no list');
    t.match(changes.metrics?.perProduct, { p1400: { count: 9999 }, p999: null });
    t.equal(Object.keys(changes.metrics?.perProduct ?? {}).length, 2);
  },
);

t.test('a time that is none is shown as one', async (t) => {
  const { source, put, failures } = world(manualClock());
  put(0, products(1));
  source.settle();
  t.match(source.read().metrics?.asOf[0]?.writtenAt, /^\d{4}-/);
  t.same(failures, []);
});

t.test('all of /metrics is of one instant, and the same on every instance', async (t) => {
  const [one, other] = [world(), world()];
  const names = products(3000, '\u2028"\u{1F40E}');
  one.put(0, names);
  one.put(1, products(3000));
  other.put(1, products(3000));
  other.put(0, [...names].reverse());
  const bodies: string[] = [];
  for (const { source, put } of [one, other]) {
    const body = await source.wholeMetrics();
    let text = '';
    for await (const chunk of body!.chunks()) {
      // Meanwhile the world goes on.
      put(0, [['later', 1]]);
      await source.settle();
      text += chunk;
    }
    bodies.push(text.replaceAll(/"nextOffset":\d+/g, '"nextOffset":0'));
  }
  t.equal(bodies[0], bodies[1]);
  const metrics = JSON.parse(bodies[0]!) as Metrics;
  const counts = Object.values(metrics.perProduct).map(({ count }) => count);
  t.equal(counts.length, 6000);
  t.equal(
    counts.reduce((a, b) => a + b, 0),
    metrics.totalCount,
  );
});

t.test('300,000 products, and a hundred who ask and read nothing', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held = () => {
    collect();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    return (heapUsed + Math.max(external, arrayBuffers)) / 2 ** 20;
  };
  const { source, put } = world();
  for (const partition of [0, 1, 2]) put(partition, products(100_000, `product ${partition} `));
  const app = await start({ source, limits: { clients: 1000, perAddress: 1000 } });
  t.teardown(() => app.close());
  const port = await listen(app);
  const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  await rawClient(t, port, request('/api/snapshot')).until((bytes) => bytes.includes('"status"'));
  const before = held();
  for (let i = 0; i < 100; i++) {
    // Each time of another instant, so that nothing is shared that could be.
    put(3, [[`another ${i}`, 1_000_000 + i]]);
    // The kernel takes megabytes of each body, which have to be made; so not everyone asks for all.
    for (const path of i % 10 === 0 ? ['/metrics', '/stream'] : ['/stream']) {
      const socket = connect(port, '127.0.0.1');
      t.teardown(() => socket.destroy());
      socket.on('error', () => {}).write(request(path));
      await once(socket, 'readable');
    }
  }
  const growth = held() - before;
  t.ok(growth < 160, `${Math.round(growth)} MB held for them`);
  t.comment(`${Math.round(before)} MB before, ${Math.round(growth)} MB for them`);
  const alive = await rawClient(t, port, request('/health/live')).until((b) => b.includes('live'));
  t.ok(alive);
});

t.test('a lag that changes is a change, though no checkpoint moves', async (t) => {
  const row: PartitionLag = { partition: 0, endOffset: 9, lag: 9, firstUnread: null };
  let lag = [row];
  const { source } = world(manualClock(), { lag: () => lag });
  source.takeChanges();
  t.equal(source.takeChanges(), null);
  lag = [{ partition: 0, endOffset: null, lag: null, firstUnread: null }];
  t.same(source.takeChanges(), { lag });
  t.same(source.read().lag, lag);
});

t.test('a rate of checkpoints that cannot be followed is not 0, it is not known', async (t) => {
  const clock = manualClock();
  let old = new Set<number>();
  const { source } = world(clock, { old: () => old });
  source.sample();
  await clock.advance(1000);
  source.sample();
  t.equal(source.read().throughput, 0);
  source.takeChanges();
  old = new Set([1]);
  t.equal(source.read().throughput, null);
  t.same(source.takeChanges(), { throughput: null });
});

/** Two products in one partition, of which two orders have been read back as dead letters. */
function publishedWorld() {
  const deadLetter: DeadLetter = {
    partition: 0,
    offset: 4,
    timestamp: 1_600_000_000_000,
    group: 'g',
    orderId: null,
    code: 'EMPTY',
    stage: 'decode',
    reason: 'EMPTY: the value has no bytes',
    origin: { topic: 'orders', partition: 0, offset: 7 },
    disposition: 'undecodable',
    attempts: 1,
  };
  const w = world(manualClock(), {}, [deadLetter]);
  w.put(0, [
    ['Item1', 3],
    ['__proto__', 1],
  ]);
  w.source.settle();
  return w.source;
}

t.test('the bytes of /metrics, /dlq, /stream and of a scrape are published', async (t) => {
  const source = publishedWorld();
  const rest =
    '"retries":0,"balance":{"read":1,"counted":4,"deadLettered":0,"pending":0,"gaps":0,"lost":0,' +
    '"copies":0,"foreign":0,"corrections":0},"asOf":[{"partition":0,"nextOffset":1,"highWatermark":0,' +
    '"writtenAt":"1970-01-01T00:00:00.000Z","owner":"i1","pending":0}]}';
  const perProduct =
    '"perProduct":{"Item1":{"count":3,"averagePrice":1},"__proto__":{"count":1,"averagePrice":1}}';
  const totals = '"totalCount":4,"overallAveragePrice":1';
  const letters =
    '[{"id":"0-4","timestamp":"2020-09-13T12:26:40.000Z","orderId":null,"code":"EMPTY",' +
    '"stage":"decode","reason":"EMPTY: the value has no bytes",' +
    '"origin":{"topic":"orders","partition":0,"offset":7},"disposition":"undecodable","attempts":1}]';
  let whole = '';
  for await (const chunk of (await source.wholeMetrics())!.chunks()) whole += chunk;
  t.equal(whole, `{${totals},${perProduct},${rest}`);
  const indexed = ',"group":"EMPTY: the value has no bytes","state":null}]';
  t.equal(JSON.stringify(source.deadLetters(9)), letters.replace('}]', indexed));
  const shown = `"metrics":{${totals},"productCount":2,${perProduct},${rest}`;
  const status = JSON.stringify(source.status());
  t.equal(
    JSON.stringify(source.read()),
    `{${shown},"deadLetters":${letters},"arrivals":0,"throughput":null,"lag":[],"work":[],"status":${status}}`,
  );
  t.equal(source.takeChanges(), 'all');
  const page = await source.products({
    page: 1,
    size: 1,
    sort: 'count',
    order: 'desc',
    filter: '',
  });
  t.equal(
    JSON.stringify(page),
    '{"productCount":2,"matching":2,"products":[{"product":"Item1","count":3,"averagePrice":1}]}',
  );
  const scrape = await createExpositions(idleInstance()).text.render({
    figures: source.figures(),
    lag: source.lag(),
    status: source.status(),
    streamClients: 0,
    streamDrops: 0,
    now: 0,
  });
  const names = [...scrape.matchAll(/^# TYPE ((?:orders|kafka|service|http)_.*)$/gm)];
  t.same(
    names.map(([, line]) => line),
    [
      'orders_processed_total counter',
      'orders_corrections_total counter',
      'orders_dead_lettered_total counter',
      'orders_retries_total counter',
      'orders_lost gauge',
      'orders_pending gauge',
      'orders_average_price gauge',
      'orders_lag gauge',
      'orders_lag_seconds gauge',
      'orders_checkpoint_age_seconds gauge',
      'kafka_up gauge',
      'service_ready gauge',
      'http_stream_clients gauge',
      'http_stream_messages_dropped_total counter',
      'orders_dead_letters gauge',
      'orders_oldest_open_dead_letter_seconds gauge',
      'service_calls_in_flight gauge',
      'service_oldest_waiting_seconds gauge',
      'service_rebalances_total counter',
      'service_append_retries_total counter',
      'service_heartbeat_age_seconds gauge',
      'service_end_to_end_seconds histogram',
      'service_handler_seconds histogram',
      'service_order_attempts histogram',
      'service_checkpoint_seconds histogram',
      'service_checkpoint_bytes histogram',
      'service_fetch_seconds histogram',
      'service_fetch_bytes histogram',
      'service_rebalance_seconds histogram',
    ],
  );
  t.match(scrape, /^orders_average_price 1$/m);
});

t.test('a delta holds only what changed, in the order of the contract', async (t) => {
  const { source, put } = world(manualClock());
  put(0, [['Item1', 3]]);
  source.settle();
  source.takeChanges();
  put(0, [['Item1', 5]]);
  source.settle();
  t.match(
    JSON.stringify(source.takeChanges()),
    /^{"metrics":{"totalCount":5,"overallAveragePrice":1,"productCount":1,"perProduct":{"Item1":{"count":5,"averagePrice":1}},"retries":0,"balance":{.*},"asOf":\[.*\]}}$/,
  );
});

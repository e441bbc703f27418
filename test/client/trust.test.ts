import t from 'tap';
import { adviceOn } from '../../client/src/advice.ts';
import { type FeedState, INITIAL } from '../../client/src/feed-state.ts';
import { fromSnapshot } from '../../client/src/store.ts';
import { conditionOf, detailOf, isEmpty, titleOf, tooltipOf } from '../../client/src/trust.ts';
import type { Snapshot } from '../../server/http/contract.ts';
import { aSnapshot, aStatus, someMetrics } from '../fixtures/snapshot.ts';

const NOW = 100_000;
const { kafka } = aStatus();
const down = aStatus({ kafka: { ...kafka, up: false, error: 'ECONNREFUSED' } });

function feed(change: Partial<FeedState> = {}, snapshot: Partial<Snapshot> = {}): FeedState {
  const model = fromSnapshot(aSnapshot(snapshot));
  return { ...INITIAL, transport: 'live', model, advancedAt: NOW - 200, ...change };
}

const condition = (state: FeedState, online = true) => conditionOf(state, NOW, online);
const advice = (state: FeedState) => adviceOn(condition(state), state, NOW, Date.now());

t.test('the gravest condition is said, and only that', async (t) => {
  const old = { advancedAt: NOW - 6000 };
  t.equal(condition(feed()), 'live');
  t.equal(condition(feed({ transport: 'polling' })), 'polling');
  t.equal(condition(feed({ transport: 'polling' }, { status: down })), 'kafka-down');
  t.equal(condition(feed(old, { status: down })), 'stale');
  t.equal(condition(feed({ ...old, transport: 'disconnected' })), 'disconnected');
  t.equal(condition(INITIAL), 'connecting');
  t.equal(condition({ ...INITIAL, transport: 'polling' }), 'connecting', 'no numbers yet');
});

t.test('a device without a network is offline only once its server is silent', async (t) => {
  t.equal(condition(feed(), false), 'live');
  t.equal(condition(feed({ transport: 'disconnected' }), false), 'offline');
});

t.test('a tab that rests on purpose is not stale', async (t) => {
  const old = { advancedAt: NOW - 14_000, transport: 'polling' } as const;
  t.equal(condition(feed({ ...old, resting: true })), 'polling');
});

t.test('the pill says how old the numbers are, and by which road they come', async (t) => {
  const said = (state: FeedState) => detailOf(condition(state), state, NOW, state.model);
  t.equal(said(feed()), 'stream, now');
  t.equal(said(feed({ transport: 'polling', advancedAt: NOW - 2000 })), '2 s ago');
  t.equal(said(feed({ advancedAt: NOW - 6000 })), 'last update 6 s ago');
  t.equal(said(feed({}, { status: down })), 'page is live, now');
  t.equal(said({ ...INITIAL, transport: 'disconnected' }), 'no data yet');
});

t.test('a paused page counts what came since', async (t) => {
  const shown = fromSnapshot(aSnapshot({ metrics: someMetrics({ totalCount: 6442 }) }));
  t.equal(detailOf('paused', feed(), NOW, shown), '412 newer orders');
});

t.test('while polling, the tooltip says why and when the stream is tried again', async (t) => {
  const state = feed({ transport: 'polling', dropped: 'it went silent', probeAt: NOW + 3100 });
  const words = 'The live stream dropped (it went silent). Trying it again in 4 s.';
  t.equal(tooltipOf(state, NOW), words);
  t.equal(tooltipOf(feed(), NOW), '');
});

t.test('the title counts dead letters and marks the state', async (t) => {
  t.equal(titleOf('live', feed().model), '(23) Order stream');
  t.equal(titleOf('stale', feed().model), '⚠ (23) Order stream');
  t.equal(titleOf('connecting', null), 'Order stream');
});

t.test('the context line names Kafka, its partitions and the last commit', async (t) => {
  t.match(advice(feed()).text, /^Kafka localhost:9092 · 3 partitions · committed now · started /);
});

t.test('a lost server: what is shown, when it is tried again, how it is started', async (t) => {
  const said = advice(feed({ transport: 'disconnected', pollAt: NOW + 3500 }));
  t.equal(said.headline, 'No answer from the dashboard server.');
  t.equal(said.text, 'Numbers are from the last update. Trying again in 4 s.');
  t.equal(said.command, 'npm start');
  t.equal(said.action, 'Retry now');
  const never = advice({ ...INITIAL, transport: 'disconnected' });
  t.equal(never.command, null, 'a command that no server gave is not made up');
});

t.test('Kafka down explains itself once, the reasons do not repeat it', async (t) => {
  const status = { ...down, phase: 'not-ready' as const, reasons: ['Kafka is unreachable'] };
  const said = advice(feed({}, { status }));
  t.equal(said.headline, 'Kafka is unreachable at localhost:9092 (ECONNREFUSED).');
  t.equal(said.command, 'docker compose up -d kafka');
});

t.test('not ready is said in the words of the service', async (t) => {
  const reasons = ['orders[1] has stopped: damaged batch', 'restoring partitions 2'];
  const said = advice(feed({}, { status: aStatus({ phase: 'not-ready', reasons }) }));
  t.equal(said.headline, 'Not ready.');
  t.equal(said.text, 'orders[1] has stopped: damaged batch. restoring partitions 2.');
});

t.test('the embedded broker is named as what it is', async (t) => {
  const status = aStatus({ kafka: { ...kafka, embedded: true } });
  t.equal(advice(feed({}, { status })).headline, 'Embedded broker, for development.');
});

t.test('no orders yet is said only where nothing else explains it', async (t) => {
  const balance = { ...someMetrics().balance, counted: 0, deadLettered: 0, pending: 0 };
  const metrics = someMetrics({ totalCount: 0, balance });
  const empty = (status: Snapshot['status']) =>
    isEmpty(fromSnapshot(aSnapshot({ metrics, status })));
  t.ok(empty(aStatus()));
  t.notOk(empty(down));
  t.notOk(empty(aStatus({ phase: 'starting' })));
  t.notOk(isEmpty(fromSnapshot(aSnapshot())));
});

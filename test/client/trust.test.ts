import t from 'tap';
import { adviceOn } from '../../client/src/advice.ts';
import { type FeedState, INITIAL } from '../../client/src/feed-state.ts';
import { fromSnapshot } from '../../client/src/store.ts';
import {
  announcementOf,
  conditionOf,
  detailOf,
  isEmpty,
  titleOf,
  tooltipOf,
} from '../../client/src/trust.ts';
import type { Snapshot } from '../../server/http/contract.ts';
import { aSnapshot, aStatus, someMetrics } from '../fixtures/snapshot.ts';

const NOW = 100_000;
const { kafka } = aStatus();
const down = aStatus({ kafka: { ...kafka, up: false, error: 'ECONNREFUSED' } });

function feed(change: Partial<FeedState> = {}, snapshot: Partial<Snapshot> = {}): FeedState {
  const model = fromSnapshot(aSnapshot(snapshot));
  return {
    ...INITIAL,
    transport: 'live',
    model,
    advancedAt: NOW - 200,
    heardAt: NOW - 200,
    ...change,
  };
}

const condition = (state: FeedState, online = true) => conditionOf(state, NOW, online);
const advice = (state: FeedState) => adviceOn(condition(state), state, NOW);

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
  t.equal(detailOf('frozen', feed(), NOW, shown), '412 newer orders');
});

t.test('while polling, the tooltip says why and when the stream is tried again', async (t) => {
  const state = feed({ transport: 'polling', dropped: 'it went silent', probeAt: NOW + 3100 });
  const words = 'The live stream is not in use: it went silent. Trying it again in 4 s.';
  t.equal(tooltipOf(state, NOW), words);
  t.equal(tooltipOf(feed(), NOW), '');
});

t.test('the title counts dead letters and marks the state', async (t) => {
  t.equal(titleOf('live', feed().model), '(23) Order stream');
  t.equal(titleOf('stale', feed().model), '⚠ (23) Order stream');
  t.equal(titleOf('connecting', null), 'Order stream');
});

const lagging = [
  { partition: 0, endOffset: 9, lag: 0, firstUnread: null },
  { partition: 1, endOffset: 9, lag: 4, firstUnread: null },
];

t.test('the context line names Kafka, its partitions and the oldest commit', async (t) => {
  const at = Date.UTC(2026, 0, 2, 12);
  const head = someMetrics().asOf[0]!;
  const commit = (partition: number, ms: number) => ({
    ...head,
    partition,
    writtenAt: new Date(at - ms).toISOString(),
  });
  const metrics = someMetrics({ asOf: [commit(0, 3_600_000), commit(1, 12_000)] });
  const said = advice(feed({}, { at, metrics, lag: lagging })).text;
  t.match(said, /^Kafka localhost:9092 · 2 partitions · oldest commit 12 s ago · started /);
});

t.test('everything is committed only when nothing is unread and nothing waits', async (t) => {
  const lag = [{ ...lagging[0]! }];
  const said = (pending: number) => {
    const balance = { ...someMetrics().balance, pending };
    return advice(feed({}, { lag, metrics: someMetrics({ balance }) })).text;
  };
  t.match(said(0), / · everything is committed · /);
  t.match(said(1), / · all read · /);
});

t.test('a frozen server is not one that answers', async (t) => {
  const old = { advancedAt: NOW - 6000 };
  const answers = advice(feed({ ...old, heardAt: NOW - 500 }));
  t.match(answers.text, /^The server answers, but with nothing new: the last update came 6 s ago/);
  const frozen = advice(feed({ ...old, heardAt: NOW - 6000 }));
  t.equal(frozen.headline, 'No answer from the dashboard server.');
  t.equal(frozen.action, 'Retry now');
});

const stopped = [{ partition: 2, reason: 'the batch at offset 118204 is damaged' }];

t.test('a stopped partition is a state of its own, by name', async (t) => {
  const reasons = [`orders[2] has stopped: ${stopped[0]!.reason}`, 'restoring partitions 1'];
  const state = feed({}, { status: aStatus({ phase: 'not-ready', reasons, stopped }) });
  t.equal(condition(state), 'stopped');
  t.equal(detailOf('stopped', state, NOW, state.model), 'partition 2 of 3, now');
  t.equal(titleOf('stopped', state.model), '✕ (23) Order stream');
  t.equal(announcementOf('stopped', state), 'Partition 2 has stopped.');
  const said = advice(state);
  t.equal(said.headline, 'orders[2] has stopped: the batch at offset 118204 is damaged.');
  t.match(said.text, /^Its numbers stay as of \d\d:\d\d:\d\d\. The other partitions go on\.$/);
  t.equal(said.all.length, 2, 'every reason can be read');
});

t.test('paused consumption is said with who, why and since when', async (t) => {
  const paused = [0, 1, 2].map((partition) => ({
    partition,
    by: 'breaker',
    breaker: true,
    why: '40 % of the orders were given up',
    at: '2026-01-01T12:00:00.000Z',
  }));
  const state = feed({}, { paused });
  t.equal(condition(state), 'held');
  t.equal(detailOf('held', state, NOW, state.model), '3 of 3 partitions, now');
  t.match(
    advice(state).headline,
    /^Consumption is paused since .* by breaker: 40 % of the orders were given up\.$/,
  );
  t.equal(advice(state).action, 'Resume');
});

t.test('what is worth knowing is said although all is well', async (t) => {
  const notes = ['orders[0] is full since 12:00', 'orders[1] is full since 12:01'];
  const said = advice(feed({}, { status: aStatus({ notes }) }));
  t.equal(said.headline, 'orders[0] is full since 12:00.');
  t.match(said.all, ['orders[0] is full since 12:00.', 'orders[1] is full since 12:01.']);
});

t.test('what is spoken holds without numbers as well', async (t) => {
  const lost = feed({ transport: 'disconnected' });
  t.match(announcementOf('disconnected', lost), /Numbers on screen are old/);
  t.notMatch(announcementOf('disconnected', { ...INITIAL }), /Numbers/);
  const status = aStatus({ phase: 'not-ready', reasons: ['restoring partitions 2'] });
  const restoring = feed({}, { status });
  t.equal(
    announcementOf('not-ready', restoring),
    'The service is not ready: restoring partitions 2.',
  );
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
  const reasons = ['out of the group', 'restoring partitions 2'];
  const said = advice(feed({}, { status: aStatus({ phase: 'not-ready', reasons }) }));
  t.equal(said.headline, 'out of the group.');
  t.equal(said.text, 'restoring partitions 2.');
  const starting = aStatus({ phase: 'starting', reasons });
  t.equal(advice(feed({}, { status: starting })).headline, 'Starting: out of the group.');
});

t.test('the embedded broker is named as what it is, and what it keeps', async (t) => {
  const with_ = (storage: 'folder' | 'memory') =>
    advice(feed({}, { status: aStatus({ kafka: { ...kafka, embedded: true, storage } }) }));
  t.equal(with_('folder').headline, 'Embedded broker, for development.');
  t.match(with_('folder').text, /kept in a folder of this machine/);
  t.match(with_('memory').text, /kept in memory, and gone when it stops/);
});

t.test('no orders yet is said only where nothing else explains it', async (t) => {
  const balance = { ...someMetrics().balance, read: 0, counted: 0, deadLettered: 0, pending: 0 };
  const metrics = someMetrics({ totalCount: 0, balance });
  const lag = [{ ...lagging[0]! }];
  const empty = (status: Snapshot['status'], change: Partial<Snapshot> = {}) =>
    isEmpty(fromSnapshot(aSnapshot({ metrics, status, lag, ...change })));
  t.ok(empty(aStatus()));
  t.notOk(empty(aStatus(), { lag: lagging }), 'there are some that nobody has read');
  t.notOk(empty(down));
  t.notOk(empty(aStatus({ phase: 'starting' })));
  t.notOk(isEmpty(fromSnapshot(aSnapshot())));
});

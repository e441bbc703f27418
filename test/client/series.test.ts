import t from 'tap';
import { bytesOf, hexLines, startFor } from '../../client/src/hex.ts';
import { partitionRows } from '../../client/src/partition-rows.ts';
import { pathOf, summaryOf, timeAt, wordsAt } from '../../client/src/series.ts';
import { fromSnapshot } from '../../client/src/store.ts';
import { aSnapshot, aStatus } from '../fixtures/snapshot.ts';

t.test('a line begins at nothing, and where nothing is known there is none', async (t) => {
  t.equal(pathOf([0, 5, 10], 100, 10), 'M0 10L50 5L100 0');
  t.equal(pathOf([1, null, null, 1, 1], 100, 10), 'M0 0h.1M75 0L100 0');
  t.equal(pathOf([null], 100, 10), '');
});

const series = {
  step: 5,
  to: '2026-01-01T12:00:10.000Z',
  throughput: [null, 39.5],
  retries: [null, 0],
  deadLetters: [null, 0],
  lag: [7, null],
  marks: [],
};

t.test('a point says when it was and what was known then', async (t) => {
  t.equal(timeAt(series, 0), '2026-01-01T12:00:05.000Z');
  t.match(wordsAt(series, 0), / · — orders\/s · — retries\/s · — dead letters\/s · 7 behind$/);
  t.match(wordsAt(series, 1), / · 40 orders\/s · 0 retries\/s · 0 dead letters\/s · — behind$/);
});

t.test('a line in a sentence names its gaps', async (t) => {
  t.equal(
    summaryOf([null, 2, 8], 'orders/s'),
    'now 8 orders/s; min 2, max 8 in 3 points, 1 not known',
  );
  t.equal(summaryOf([null], 'orders/s'), 'nothing known yet');
});

t.test('a partition is stopped, paused, unknown, behind or caught up', async (t) => {
  const lag = [null, 3, 0, 0, 3].map((behind, partition) => ({
    partition,
    endOffset: 2290,
    lag: behind,
    firstUnread: null,
  }));
  const paused = [{ partition: 3, at: '', by: '', why: '', breaker: false }];
  const status = aStatus({ stopped: [{ partition: 4, reason: 'damaged' }] });
  const rows = partitionRows(fromSnapshot(aSnapshot({ lag, paused, status })));
  t.same(
    rows.map(({ state }) => state),
    ['not known', 'behind', 'all read, some wait', 'paused', 'stopped'],
  );
  t.equal(rows[1]!.endOffset, 2301, 'an end that is older than the checkpoint is not shown');
  t.same(
    rows.map(({ work }) => work?.inFlight ?? null),
    [1, 0, null, null, null],
    'what is done is known of the partitions of this instance',
  );
  t.equal(rows[3]!.owner, null, 'of a partition without a checkpoint no owner is known');
});

t.test('bytes are shown sixteen to a line, with what is text beside them', async (t) => {
  const lines = hexLines(bytesOf(Buffer.from('\u0000order 12345678901').toString('base64')));
  t.equal(lines.length, 2);
  t.same(lines[0]!.bytes.slice(0, 2), [
    { hex: '00', index: 0 },
    { hex: '6f', index: 1 },
  ]);
  t.equal(lines[0]!.text, '.order 123456789');
  t.equal(lines[1]!.at, '0010');
});

t.test('of a long value those bytes are shown among which decoding stopped', async (t) => {
  const bytes = new Uint8Array(70_000);
  for (const stoppedAt of [0, 495, 496, 5000, 69_999]) {
    const lines = hexLines(bytes, startFor(stoppedAt));
    t.ok(lines.flatMap((line) => line.bytes).some(({ index }) => index === stoppedAt));
    t.ok(lines.length <= 32);
  }
  t.equal(startFor(null), 0);
});

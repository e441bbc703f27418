import t, { type Test } from 'tap';
import { stampBatch } from '../../server/dev-broker/timestamps.ts';
import { checkCrc, readBatchHeader } from '../../server/record-batch/batch-header.ts';
import { crc32c } from '../../server/record-batch/crc32c.ts';
import { openRecordSet } from '../../server/record-batch/reader.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { withDevBroker, withRawClient } from '../fixtures/dev-broker.ts';

const now = 1_700_000_000_000;
const hour = 3_600_000;

function batchAt(...times: number[]): Buffer {
  const plain = { key: null, value: Buffer.from('v'), headers: [] };
  return encodeBatch(times.map((timestamp) => ({ timestamp, ...plain })));
}

const stamp = (batch: Buffer, config = {}) =>
  stampBatch(batch, readBatchHeader(batch, 0)!, config, now);

/** The times of the records as a reader sees them, after the checksum was found right. */
async function timesIn(batch: Buffer): Promise<number[]> {
  checkCrc(batch, readBatchHeader(batch, 0)!);
  const cursor = openRecordSet({ bytes: batch, aborted: [] }, 0);
  const times: number[] = [];
  while (await cursor.nextBatch()) while (cursor.next()) times.push(cursor.timestamp);
  return times;
}

t.test('a record may be at most an hour ahead, and as old as it likes', async (t) => {
  for (const time of [-1, 0, now, now + hour]) {
    t.match(await stamp(batchAt(time)), { appendTime: -1 }, `${time}`);
  }
  for (const time of [now + hour + 1, Number.MAX_SAFE_INTEGER]) {
    t.match(await stamp(batchAt(now, time)), /the timestamp \d+ of record 1 is out of range/);
  }
});

t.test('a topic says how far a record may be off', async (t) => {
  const config = {
    'message.timestamp.before.max.ms': '1000',
    'message.timestamp.after.max.ms': '2000',
  };
  for (const [time, taken] of [
    [now - 1001, false],
    [now - 1000, true],
    [now + 2000, true],
    [now + 2001, false],
    [-1, true],
  ] as const) {
    t.equal(typeof (await stamp(batchAt(time), config)) !== 'string', taken, `${time}`);
  }
});

t.test('what a header claims of the latest time is set right', async (t) => {
  const batch = batchAt(1000, 3000, 2000);
  batch.writeBigInt64BE(2n ** 63n - 1n, 35);
  batch.writeUInt32BE(crc32c(batch, 21, batch.length), 17);
  const stamped = await stamp(batch);
  t.match(stamped, { header: { maxTimestamp: 3000, logAppendTime: false } });
  t.equal(readBatchHeader(batch, 0)!.maxTimestamp, 3000);
  t.same(await timesIn(batch), [1000, 3000, 2000]);
});

t.test('the time of the broker takes the place of the records own', async (t) => {
  const batch = batchAt(1000, 3000);
  const stamped = await stamp(batch, { 'message.timestamp.type': 'LogAppendTime' });
  t.match(stamped, { appendTime: now, header: { maxTimestamp: now, logAppendTime: true } });
  t.same(await timesIn(batch), [now, now]);
});

t.test('a batch that claims the time of a broker gets its own times back', async (t) => {
  const batch = batchAt(1000, 3000);
  await stamp(batch, { 'message.timestamp.type': 'LogAppendTime' });
  t.match(await stamp(batch), { appendTime: -1, header: { logAppendTime: false } });
  t.same(await timesIn(batch), [1000, 3000]);
});

async function withTopic(t: Test, name: string, value: string) {
  const client = await withRawClient(t, (await withDevBroker(t)).port);
  const config = [{ name, value }];
  const topic = { name: 'f', partitions: 1, replicationFactor: 1, assignments: [], config };
  await client.ask('CreateTopics', { topics: [topic], timeout: 0, dryRun: false });
  return client;
}

t.test('a refused time is told with code 32, and in words', async (t) => {
  const client = await withTopic(t, 'message.timestamp.after.max.ms', '0');
  const batch = batchAt(Date.now() + hour);
  const topics = [{ name: 'f', partitions: [{ partition: 0, batch }] }];
  const request = { transactionalId: null, acks: -1, timeout: 0, topics };
  t.match(await client.ask('Produce', request), {
    topics: [{ partitions: [{ error: 32, message: /out of range/ }] }],
  });
});

t.test('a producer is told when its batch was appended', async (t) => {
  const client = await withTopic(t, 'message.timestamp.type', 'LogAppendTime');
  const topics = [{ name: 'f', partitions: [{ partition: 0, batch: batchAt(1000) }] }];
  const request = { transactionalId: null, acks: -1, timeout: 0, topics };
  type Answer = { topics: { partitions: { appendTime: number }[] }[] };
  const answer = await client.ask<Answer>('Produce', request);
  const { appendTime } = answer.topics[0]!.partitions[0]!;
  const at = { partition: 0, leaderEpoch: -1, time: appendTime };
  t.match(
    await client.ask('ListOffsets', {
      replica: -1,
      isolation: 0,
      topics: [{ name: 'f', partitions: [at] }],
    }),
    { topics: [{ partitions: [{ offset: 0, timestamp: appendTime }] }] },
  );
});

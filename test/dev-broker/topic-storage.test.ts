import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { createDisk } from '../../server/dev-broker/disk.ts';
import { openTopicStorage } from '../../server/dev-broker/topic-storage.ts';
import { readBatchHeader } from '../../server/record-batch/batch-header.ts';
import { makeBatch } from '../fixtures/log-batches.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

const logger = silentLogger;
const topic = { id: '6f5e1f5a-0000-4000-8000-000000000001', partitions: 1, config: {} };

function open(directory: string | null) {
  return openTopicStorage({ directory, logger, disk: createDisk(logger), damaged: () => {} });
}

t.test('a partition begins where its records were deleted up to, also later on', async (t) => {
  const directory = t.testdir({ topics: {} });
  const first = open(directory);
  const log = first.openLog('orders', topic, 0);
  for (let n = 0; n < 3; n += 1) {
    const batch = makeBatch(1);
    log.append(batch, readBatchHeader(batch, 0)!);
  }
  log.deleteBefore(2);
  log.close();
  first.close();
  const second = open(directory);
  const again = second.openLog('orders', topic, 0);
  t.same([again.start(), again.end()], [2, 3]);
  again.close();
  second.forgetStarts(topic.id);
  second.close();
  const third = open(directory);
  t.equal(third.openLog('orders', topic, 0).start(), 0);
  third.close();
});

t.test('the folder of a topic goes with it, also when that was cut short', async (t) => {
  const directory = t.testdir({ topics: {} });
  mkdirSync(`${directory}/topics/half.gone.deleted`);
  writeFileSync(`${directory}/topics/half.gone.deleted/x`, '');
  mkdirSync(`${directory}/topics/of-somebody-else`);
  const storage = open(directory);
  t.same(readdirSync(`${directory}/topics`), ['of-somebody-else']);
  const log = storage.openLog('orders', topic, 0);
  const batch = makeBatch(1);
  log.append(batch, readBatchHeader(batch, 0)!);
  log.close();
  t.ok(existsSync(`${directory}/topics/orders.${topic.id}/0`));
  storage.remove('orders', topic.id);
  storage.remove('orders', topic.id);
  t.same(readdirSync(`${directory}/topics`), ['of-somebody-else']);
  storage.close();
});

t.test('memory keeps a bounded part of a partition, whatever the topic says', async (t) => {
  const inMemory = open(null);
  const most = inMemory.retentionOf({ 'retention.bytes': '-1' });
  t.ok(most > 0);
  t.equal(inMemory.retentionOf({ 'retention.bytes': '1000' }), 1000);
  t.equal(inMemory.retentionOf({ 'retention.bytes': String(most * 2) }), most);
  const onDisk = open(t.testdir({ topics: {} }));
  t.equal(onDisk.retentionOf({ 'retention.bytes': '-1' }), -1);
  t.equal(onDisk.retentionOf({ 'retention.bytes': String(most * 2) }), most * 2);
  onDisk.close();
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { projectRoot } from '../../server/cli/project-root.ts';
import { startDevBroker } from '../../server/dev-broker/broker.ts';
import { openJournal } from '../../server/dev-broker/journal.ts';
import { openPartitionLog, type PartitionLog } from '../../server/dev-broker/partition-log.ts';
import { createFileSegments } from '../../server/dev-broker/segments.ts';
import { readBatchHeader } from '../../server/record-batch/batch-header.ts';
import { withDevBroker, withRawClient } from '../fixtures/dev-broker.ts';
import { makeBatch, rangesOf } from '../fixtures/log-batches.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

function open(directory: string, segmentBytes = 2 ** 20) {
  const damage: string[] = [];
  const log = openPartitionLog({
    store: createFileSegments(directory),
    startOffset: 0,
    saveStart: () => {},
    retentionBytes: -1,
    segmentBytes,
    onDamage: (message) => damage.push(message),
  });
  return { log, damage };
}

function add(log: PartitionLog, batch: Buffer) {
  return log.append(batch, readBatchHeader(batch, 0)!).baseOffset;
}

/** A folder with a log of ten batches of two records, closed as a killed process leaves it. */
function arrangeLog(t: Test) {
  const directory = `${t.testdir({})}/0`;
  const { log } = open(directory);
  for (let i = 0; i < 10; i++) add(log, makeBatch(2, 100));
  log.close();
  const file = join(directory, readdirSync(directory)[0]!);
  return { directory, file, size: statSync(file).size };
}

t.test('a whole log comes back as it was', async (t) => {
  const { directory } = arrangeLog(t);
  const { log, damage } = open(directory);
  t.same([log.start(), log.end()], [0, 20]);
  t.equal(rangesOf(log.read(0, 1e6, true)!).length, 10);
  t.same(damage, []);
  t.equal(add(log, makeBatch(1)), 20);
});

const tails: [string, (file: string, size: number) => void, end: number][] = [
  ['a torn batch', (file, size) => truncateSync(file, size - 40), 18],
  ['a torn header', (file) => appendFileSync(file, makeBatch(1).subarray(0, 30)), 20],
  ['zeros', (file) => appendFileSync(file, Buffer.alloc(5000)), 20],
  ['garbage', (file) => appendFileSync(file, Buffer.alloc(5000, 'garbage')), 20],
  ['a batch of another place', (file) => appendFileSync(file, makeBatch(1)), 20],
  ['a batch with a wrong bit', (file) => appendFileSync(file, flipped(makeBatch(1), 20)), 20],
];

function flipped(batch: Buffer, baseOffset: number): Buffer {
  batch.writeBigInt64BE(BigInt(baseOffset));
  batch[batch.length - 1]! ^= 1;
  return batch;
}

for (const [what, harm, end] of tails) {
  t.test(`${what} at the end is cut off, and the log goes on`, async (t) => {
    const { directory, file, size } = arrangeLog(t);
    harm(file, size);
    const { log, damage } = open(directory);
    t.equal(log.end(), end);
    t.match(damage, [/cut \d+ damaged bytes/]);
    t.equal(add(log, makeBatch(3)), end);
    log.close();
    const again = open(directory).log;
    t.equal(again.end(), end + 3);
    t.same(rangesOf(again.read(end, 1e6, true)!), [[end, end + 2]]);
  });
}

t.test('a file cut short takes those after it along: there is no gap', async (t) => {
  const directory = `${t.testdir({})}/0`;
  const { log } = open(directory, 1000);
  for (let i = 0; i < 10; i++) add(log, makeBatch(1, 400));
  log.close();
  const files = readdirSync(directory).sort();
  truncateSync(join(directory, files.at(-2)!), 500);
  const { log: again, damage } = open(directory, 1000);
  t.equal(damage.length, 1);
  t.equal(again.end(), Number(files.at(-2)!.slice(0, 20)) + 1);
  t.equal(add(again, makeBatch(1)), again.end() - 1);
});

t.test('a producer that sends again after a restart is recognized', async (t) => {
  const directory = `${t.testdir({})}/0`;
  const batch = () => makeBatch(2, 10, 0, { producerId: 9, producerEpoch: 0, baseSequence: 0 });
  const before = open(directory).log;
  add(before, batch());
  before.close();
  const { log } = open(directory);
  t.equal(add(log, batch()), 0);
  t.equal(log.end(), 2);
});

t.test('a journal passes over what is not a whole line', async (t) => {
  const path = join(t.testdir({}), 'journal');
  const journal = openJournal<number>(path);
  journal.set([
    ['a', 1],
    ['__proto__', 2],
  ]);
  journal.set([['a', undefined]]);
  journal.set([['b', 3]]);
  journal.close();
  appendFileSync(path, '\n["c",4');
  const again = openJournal<number>(path);
  t.same(
    [...again.entries],
    [
      ['__proto__', 2],
      ['b', 3],
    ],
  );
  again.set([['d', 5]]);
  again.close();
  writeFileSync(path, Buffer.alloc(100), { flag: 'a' });
  const last = openJournal<number>(path);
  t.same(
    [...last.entries],
    [
      ['__proto__', 2],
      ['b', 3],
      ['d', 5],
    ],
  );
  last.close();
});

t.test('a journal does not grow for ever', async (t) => {
  const path = join(t.testdir({}), 'journal');
  const journal = openJournal<number>(path);
  for (let i = 0; i < 30_000; i++) journal.set([['offset', i]]);
  journal.close();
  t.ok(statSync(path).size < 300_000);
  t.same([...openJournal<number>(path).entries], [['offset', 29_999]]);
});

/** The broker as a process of its own on a free port. */
async function spawnBroker(t: Test, directory: string) {
  const main = fileURLToPath(new URL('dist/server/cli/broker.js', projectRoot));
  const child = spawn(process.execPath, [main, '--port', '0', '--data', directory], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => lines.push(line));
  }
  const exit = once(child, 'exit');
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), exit]);
  const port = Number(/localhost:(\d+)/.exec(String(line))?.[1]);
  return { port, lines, exit, kill: (signal: NodeJS.Signals) => child.kill(signal) && exit };
}

t.test('what was acknowledged outlives kill -9, the lock of the folder does not', async (t) => {
  const directory = t.testdir({});
  const first = await spawnBroker(t, directory);
  const client = await withRawClient(t, first.port);
  await client.ask('CreateTopics', {
    topics: [
      {
        name: 'kept',
        partitions: 2,
        replicationFactor: 1,
        assignments: [],
        config: [{ name: 'retention.ms', value: '-1' }],
      },
    ],
    timeout: 0,
    dryRun: false,
  });
  for (let i = 0; i < 50; i++) {
    await client.ask('Produce', {
      transactionalId: null,
      acks: -1,
      timeout: 0,
      topics: [{ name: 'kept', partitions: [{ partition: 1, batch: makeBatch(10) }] }],
    });
  }
  const committed = { partition: 1, offset: 7, leaderEpoch: -1, metadata: 'm' };
  await client.ask('OffsetCommit', {
    group: 'g',
    generation: -1,
    memberId: '',
    instanceId: null,
    retention: -1,
    topics: [{ name: 'kept', partitions: [committed] }],
  });
  await t.rejects(
    startDevBroker({ port: 0, directory, environment: 'test', logger: silentLogger }),
    { code: 'FOLDER_IN_USE' },
    'a living owner keeps the folder',
  );
  await first.kill('SIGKILL');

  const { port } = await withDevBroker(t, directory);
  const again = await withRawClient(t, port);
  const time = { partition: 1, leaderEpoch: -1, time: -1 };
  t.match(
    await again.ask('ListOffsets', {
      replica: -1,
      isolation: 0,
      topics: [{ name: 'kept', partitions: [time] }],
    }),
    { topics: [{ partitions: [{ error: 0, offset: 500 }] }] },
  );
  t.match(await again.ask('OffsetFetch', { group: 'g', topics: null }), {
    topics: [{ name: 'kept', partitions: [{ partition: 1, offset: 7, metadata: 'm' }] }],
  });
  t.match(
    await again.ask('DescribeConfigs', {
      resources: [{ type: 2, name: 'kept', names: ['retention.ms'] }],
      withSynonyms: false,
    }),
    { results: [{ entries: [{ name: 'retention.ms', value: '-1' }] }] },
  );
});

t.test('the command ends in order when it is told to', async (t) => {
  const broker = await spawnBroker(t, t.testdir({}));
  t.match(broker.lines, [/embedded broker, for development/]);
  t.same(await broker.kill('SIGTERM'), [0, null]);
});

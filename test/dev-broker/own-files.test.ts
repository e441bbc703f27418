// The files of a data folder may hold anything: what they claim is checked before it is believed.
import { appendFileSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openPartitionLog } from '../../server/dev-broker/partition-log.ts';
import { createFileSegments } from '../../server/dev-broker/segments.ts';
import { readBatchHeader } from '../../server/record-batch/batch-header.ts';
import { metadataOf, withDevBroker, withRawClient } from '../fixtures/dev-broker.ts';
import { createHeardLogger } from '../fixtures/heard-logger.ts';
import { makeBatch, rangesOf } from '../fixtures/log-batches.ts';

const id = '00000000-0000-4000-8000-00000000000';

async function openWith(t: Test, files: Record<string, unknown[]>) {
  const directory = t.testdir({});
  for (const [name, lines] of Object.entries(files)) {
    const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
    writeFileSync(join(directory, name), `${text.join('\n')}\n`);
  }
  const logger = createHeardLogger();
  const { port } = await withDevBroker(t, directory, { logger });
  const client = await withRawClient(t, port);
  type Metadata = { topics: { name: string; partitions: unknown[] }[] };
  const topics = await client.ask<Metadata>('Metadata', { ...metadataOf(), topics: null });
  const found = topics.topics.map(({ name, partitions }) => [name, partitions.length]);
  return { client, found, lines: logger.lines.filter((line) => line.startsWith('warn')) };
}

t.test('a topic that cannot be is left out, and said', async (t) => {
  const config = {};
  const { found, lines } = await openWith(t, {
    'topics.jsonl': [
      ['good', { id: `${id}1`, partitions: 2, config }],
      ['many', { id: `${id}2`, partitions: 2 ** 31, config }],
      ['negative', { id: `${id}3`, partitions: -1, config }],
      ['../away', { id: `${id}4`, partitions: 1, config }],
      ['elsewhere', { id: '../../../etc', partitions: 1, config }],
      ['bare', 7],
      ['text', { id: `${id}5`, partitions: '9', config }],
      ['settings', { id: `${id}6`, partitions: 1, config: { 'retention.ms': 5 } }],
      ['late', { id: `${id}7`, partitions: 1, config }],
      '["half',
    ],
  });
  t.same(found, [
    ['good', 2],
    ['late', 1],
  ]);
  t.match(lines, [/topics\.jsonl holds what does not belong there, first for many/]);
});

t.test('more partitions than there may be are left out', async (t) => {
  const config = {};
  const { found } = await openWith(t, {
    'topics.jsonl': [
      ['a', { id: `${id}1`, partitions: 900, config }],
      ['b', { id: `${id}2`, partitions: 900, config }],
    ],
  });
  t.same(found, [['a', 900]]);
});

t.test('offsets and starts that cannot be are left out', async (t) => {
  const of = (...key: unknown[]) => JSON.stringify(key);
  const { client, lines } = await openWith(t, {
    'topics.jsonl': [['f', { id: `${id}1`, partitions: 1, config: {} }]],
    'offsets.jsonl': [
      ['no key', { offset: 1, metadata: '' }],
      [of('g'), { offset: 1, metadata: '' }],
      [of('g', 'f', 0), { offset: 7, metadata: '' }],
      [of('g', 'f', 0), { offset: 2 ** 60, metadata: '' }],
      [of('g', 'f', 0), { offset: 8 }],
    ],
    'starts.jsonl': [
      [`${id}1/0`, -5],
      [`${id}1/0`, 'far'],
      [`${id}1/0`, 2 ** 70],
    ],
  });
  t.match(await client.ask('OffsetFetch', { group: 'g', topics: null }), {
    topics: [{ name: 'f', partitions: [{ partition: 0, offset: 7 }] }],
  });
  const earliest = { partition: 0, leaderEpoch: -1, time: -2 };
  const listed = { replica: -1, isolation: 0, topics: [{ name: 'f', partitions: [earliest] }] };
  t.match(await client.ask('ListOffsets', listed), { topics: [{ partitions: [{ offset: 0 }] }] });
  t.equal(lines.length, 2, lines.join('\n'));
});

function openLog(directory: string, damages: string[] = []) {
  return openPartitionLog({
    store: createFileSegments(directory),
    startOffset: 0,
    saveStart: () => {},
    retentionBytes: -1,
    segmentBytes: 3000,
    onDamage: (what) => damages.push(what),
  });
}

function fill(directory: string, batches: number): void {
  const log = openLog(directory);
  for (let i = 0; i < batches; i++) {
    const batch = makeBatch(1, 900);
    log.append(batch, readBatchHeader(batch, 0)!);
  }
  log.close();
}

const nameOf = (base: number) => `${String(base).padStart(20, '0')}.log`;

t.test('a file that is larger than any piece is read only so far', async (t) => {
  const directory = join(t.testdir({}), '0');
  fill(directory, 5);
  // Nothing of this is on the disk, but the file says that it is that long.
  for (const name of readdirSync(directory)) truncateSync(join(directory, name), 2 ** 40);
  const damages: string[] = [];
  const log = openLog(directory, damages);
  t.teardown(() => log.close());
  t.same(rangesOf(log.read(0, 1, true)!), [[0, 0]]);
  t.ok(damages.length > 0, `${damages}`);
});

t.test('a file whose name is no offset is left alone', async (t) => {
  const directory = join(t.testdir({}), '0');
  fill(directory, 2);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${'9'.repeat(20)}.log`), 'x');
  const log = openLog(directory);
  t.teardown(() => log.close());
  t.equal(log.end(), 2);
  t.ok(readdirSync(directory).includes(`${'9'.repeat(20)}.log`));
});

t.test('a length that an old piece claims is not believed, and said once', async (t) => {
  const directory = join(t.testdir({}), '0');
  fill(directory, 12);
  const claims = Buffer.alloc(61);
  claims.writeInt32BE(2 ** 31 - 1, 8);
  claims[16] = 2;
  // The second batch of the first piece, long before what a crash can have touched.
  const file = join(directory, nameOf(0));
  const first = makeBatch(1, 900);
  writeFileSync(file, Buffer.concat([first, claims]));
  const damages: string[] = [];
  const log = openLog(directory, damages);
  t.teardown(() => log.close());
  t.same(rangesOf(log.read(0, 1e6, true)!), [[0, 0]]);
  t.equal(log.read(1, 1e6, true), null);
  t.equal(log.read(1, 1e6, true), null);
  t.match(damages, [/what follows offset 1 cannot be read/]);
  t.equal(damages.length, 1);
  t.same(rangesOf(log.read(3, 1, true)!), [[3, 3]], 'what comes after can be read');
});

t.test('a piece that changes while it is in use is refused, and ends nothing', async (t) => {
  const directory = join(t.testdir({}), '0');
  fill(directory, 12);
  const log = openLog(directory);
  t.teardown(() => log.close());
  t.same(rangesOf(log.read(0, 1, true)!), [[0, 0]]);
  const claims = makeBatch(1, 900);
  claims.writeInt32BE(2 ** 31 - 1, 8);
  writeFileSync(join(directory, nameOf(0)), claims);
  t.equal(log.read(0, 1e6, true), null);
  appendFileSync(join(directory, nameOf(0)), Buffer.alloc(10));
  t.equal(log.read(0, 1e6, true), null);
});

import { existsSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { ErrorCode } from '../../server/dev-broker/error-code.ts';
import { openPartitionLog } from '../../server/dev-broker/partition-log.ts';
import {
  createFileSegments,
  createMemorySegments,
  type SegmentStore,
} from '../../server/dev-broker/segments.ts';
import { readBatchHeader } from '../../server/record-batch/batch-header.ts';
import { makeBatch, rangesOf } from '../fixtures/log-batches.ts';

type Options = { startOffset?: number; retentionBytes?: number; segmentBytes?: number };

function openLog(store: SegmentStore, options: Options = {}) {
  const starts: number[] = [];
  const log = openPartitionLog({
    store,
    startOffset: 0,
    saveStart: (offset) => starts.push(offset),
    retentionBytes: -1,
    onDamage: () => {},
    ...options,
  });
  return {
    ...log,
    starts,
    add: (batch: Buffer) => log.append(batch, readBatchHeader(batch, 0)!),
    ranges: (offset: number, maxBytes = 2 ** 24) =>
      rangesOf(log.read(offset, maxBytes, true) ?? Buffer.alloc(0)),
  };
}

const kinds: [string, (t: Test) => SegmentStore][] = [
  ['memory', () => createMemorySegments()],
  ['files', (t) => createFileSegments(`${t.testdir({})}/0`)],
];

for (const [kind, makeStore] of kinds) {
  t.test(`what was appended is read back as it was, at its offset (${kind})`, async (t) => {
    const log = openLog(makeStore(t));
    const sent = [makeBatch(3), makeBatch(1, 5000), makeBatch(2)];
    const bases = sent.map((batch) => log.add(batch).baseOffset);
    t.same(bases, [0, 3, 4]);
    t.equal(log.end(), 6);
    t.same(log.read(0, 1e6, true), Buffer.concat(sent));
    t.same(log.ranges(3), [
      [3, 3],
      [4, 5],
    ]);
    t.same(log.ranges(5), [[4, 5]], 'the batch that holds an offset comes whole');
    t.equal(log.read(6, 1e6, true)?.length, 0);
  });

  t.test(`a read ends with a whole batch, and begins with one at least (${kind})`, async (t) => {
    const log = openLog(makeStore(t));
    const size = log.add(makeBatch(1, 5000)).error || makeBatch(1, 5000).length;
    for (let i = 1; i < 10; i++) log.add(makeBatch(1, 5000));
    t.same(log.ranges(2, 3 * size), [
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
    t.same(log.ranges(2, 3 * size - 1).length, 2);
    t.same(log.ranges(2, 1), [[2, 2]]);
    t.equal(log.read(2, 1, false)?.length, 0, 'unless others came before it');
  });

  t.test(`every offset is found among pieces and small batches (${kind})`, async (t) => {
    const log = openLog(makeStore(t), { segmentBytes: 20_000 });
    let sizes = 7;
    while (log.end() < 3000) {
      sizes = (sizes * 31) % 1009;
      log.add(makeBatch(1 + (sizes % 5), sizes % 7 === 0 ? 6000 : 20));
    }
    for (let offset = 0; offset < log.end(); offset++) {
      const [first, last] = log.ranges(offset, 1)[0]!;
      if (first > offset || last < offset) t.fail(`${offset} is not in ${first}..${last}`);
    }
    let next = 0;
    for (let read = log.ranges(0, 3000); read.length > 0; read = log.ranges(next, 3000)) {
      if (read[0]![0] !== next) t.fail(`a gap at ${next}`);
      next = read.at(-1)![1] + 1;
    }
    t.equal(next, log.end());
  });

  t.test(`the first record of a time is found (${kind})`, async (t) => {
    const log = openLog(makeStore(t), { segmentBytes: 5000 });
    for (let i = 0; i < 100; i++) log.add(makeBatch(2, 100, 1000 * i));
    const baseAt = (time: number) => {
      const batch = log.batchAt(time);
      return batch && readBatchHeader(batch, 0)!.baseOffset;
    };
    t.same([0, 1, 2, 50_000, 50_001, 50_002, 99_001].map(baseAt), [0, 0, 2, 100, 100, 102, 198]);
    t.equal(baseAt(99_002), null);
    log.deleteBefore(101);
    t.equal(baseAt(0), 100, 'what is deleted is not found');
  });

  t.test(`a listener hears of every append until it stops listening (${kind})`, async (t) => {
    const log = openLog(makeStore(t));
    const heard: number[] = [];
    const stop = log.onChange(() => heard.push(log.end()));
    log.add(makeBatch(2));
    log.add(makeBatch(1));
    stop();
    log.add(makeBatch(1));
    t.same(heard, [2, 3]);
  });
}

t.test('deleting records frees their files, and the rest with the next time', async (t) => {
  const directory = `${t.testdir({})}/0`;
  const log = openLog(createFileSegments(directory), { segmentBytes: 10_000 });
  for (let i = 0; i < 100; i++) log.add(makeBatch(1, 1000));
  const before = readdirSync(directory).length;
  log.deleteBefore(95);
  t.equal(log.start(), 95);
  t.equal(log.read(96, 1e6, true)!.length > 0, true);
  t.ok(readdirSync(directory).length <= 2, `of ${before} files`);
  log.deleteBefore(log.end());
  t.same(readdirSync(directory), [], 'all is deleted');
  t.same([log.start(), log.end()], [100, 100]);
  t.same(log.starts, [95, 100], 'the start is kept');
  log.add(makeBatch(1));
  t.same(log.ranges(100), [[100, 100]], 'and the log goes on');
});

t.test('a log that is trimmed as it grows does not grow', async (t) => {
  const directory = `${t.testdir({})}/0`;
  const log = openLog(createFileSegments(directory), { segmentBytes: 100_000 });
  for (let i = 0; i < 500; i++) {
    log.add(makeBatch(1, 1000));
    if (i % 10 === 9) log.deleteBefore(log.end() - 1);
  }
  t.ok(readdirSync(directory).length <= 2);
});

t.test('retention drops the oldest pieces while more than enough stays', async (t) => {
  const log = openLog(createMemorySegments(), { segmentBytes: 10_000, retentionBytes: 30_000 });
  for (let i = 0; i < 200; i++) log.add(makeBatch(1, 1000));
  t.ok(log.start() > 150 && log.bytesFrom(log.start()) >= 30_000);
  t.equal(log.ranges(log.start())[0]![0], log.start());
});

t.test('nothing is kept before anything is appended', async (t) => {
  const directory = `${t.testdir({})}/0`;
  openLog(createFileSegments(directory)).close();
  t.notOk(existsSync(directory));
});

t.test('a batch that comes twice stands in the log once', async (t) => {
  const log = openLog(createMemorySegments());
  const sent = (producerEpoch: number, baseSequence: number, count = 1) =>
    log.add(makeBatch(count, 10, 0, { producerId: 7, producerEpoch, baseSequence }));
  t.same(sent(0, 5, 3), { error: ErrorCode.NONE, baseOffset: 0 }, 'a stranger begins anywhere');
  t.same(sent(0, 8), { error: ErrorCode.NONE, baseOffset: 3 });
  t.same(sent(0, 5, 3), { error: ErrorCode.NONE, baseOffset: 0 }, 'the old offset');
  t.match(sent(0, 10), { error: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER });
  t.match(sent(1, 3), { error: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER }, 'an epoch begins at 0');
  t.same(sent(1, 0), { error: ErrorCode.NONE, baseOffset: 4 });
  t.match(sent(0, 9), { error: ErrorCode.INVALID_PRODUCER_EPOCH });
  t.equal(log.end(), 5);
});

t.test('sequences go on after 2^31 - 1 with 0', async (t) => {
  const log = openLog(createMemorySegments());
  const sent = (baseSequence: number, count: number) =>
    log.add(makeBatch(count, 1, 0, { producerId: 7, producerEpoch: 0, baseSequence }));
  sent(2 ** 31 - 2, 3);
  t.same(sent(1, 1), { error: ErrorCode.NONE, baseOffset: 3 });
});

t.test('whatever is appended, deleted and reopened, the log is as a list would be', async (t) => {
  const step = fc.oneof(
    fc.record({ append: fc.integer({ min: 1, max: 5 }), size: fc.integer({ min: 0, max: 3000 }) }),
    fc.record({ trim: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.constant('reopen' as const),
  );
  let run = 0;
  const root = t.testdir({});
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const store = createFileSegments(`${root}/${run++}`);
      let log = openLog(store, { segmentBytes: 8000 });
      let model: [number, number][] = [];
      let [start, end] = [0, 0];
      for (const each of steps) {
        if (each === 'reopen') {
          log.close();
          log = openLog(store, { segmentBytes: 8000, startOffset: start });
        } else if ('trim' in each) {
          start = Math.max(start, Math.round(end * each.trim));
          log.deleteBefore(start);
        } else {
          log.add(makeBatch(each.append, each.size));
          model.push([end, end + each.append - 1]);
          end += each.append;
        }
        model = model.filter(([, last]) => last >= start);
        const read: [number, number][] = [];
        for (let next = start; next < end; next = read.at(-1)![1] + 1) {
          read.push(...log.ranges(next, 5000));
        }
        if (log.start() !== start || log.end() !== end) return false;
        if (JSON.stringify(read) !== JSON.stringify(model)) return false;
      }
      log.close();
      return true;
    }),
    { numRuns: 60 },
  );
});

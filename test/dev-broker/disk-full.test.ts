import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startDevBroker } from '../../server/dev-broker/broker.ts';
import { createDisk } from '../../server/dev-broker/disk.ts';
import { ErrorCode } from '../../server/dev-broker/error-code.ts';
import { openPartitionLog } from '../../server/dev-broker/partition-log.ts';
import { createMemorySegments, type SegmentStore } from '../../server/dev-broker/segments.ts';
import { readBatchHeader } from '../../server/record-batch/batch-header.ts';
import { metadataOf, type RawClient, withRawClient } from '../fixtures/dev-broker.ts';
import { makeBatch, rangesOf } from '../fixtures/log-batches.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

const noSpace = () =>
  Object.assign(new Error('ENOSPC: no space left on device, write'), {
    code: 'ENOSPC',
    syscall: 'write',
  });

/** Memory of which writes fail, after half of their bytes, while `full` says so. */
function withFault(full: () => boolean): SegmentStore {
  const { existing, open } = createMemorySegments();
  return {
    existing,
    open(base) {
      const segment = open(base);
      return {
        ...segment,
        write(bytes, position) {
          segment.write(full() ? bytes.subarray(0, bytes.length / 2) : bytes, position);
          if (full()) throw noSpace();
        },
      };
    },
  };
}

t.test('a write that fails leaves no trace, and is said once', async (t) => {
  const said: string[] = [];
  const hear = (message: string) => said.push(message);
  const disk = createDisk({ ...silentLogger, error: hear, info: hear });
  let full = false;
  const log = openPartitionLog({
    store: withFault(() => full),
    startOffset: 0,
    saveStart: () => {},
    retentionBytes: -1,
    onDamage: () => {},
  });
  const add = () => {
    const batch = makeBatch(2, 100, 0, { producerId: 1, producerEpoch: 0, baseSequence: 0 });
    return disk.attempt(() => log.append(batch, readBatchHeader(batch, 0)!));
  };
  full = true;
  t.equal(add(), ErrorCode.KAFKA_STORAGE_ERROR);
  t.equal(add(), ErrorCode.KAFKA_STORAGE_ERROR);
  t.equal(log.end(), 0);
  full = false;
  t.equal(add(), ErrorCode.NONE, 'the same batch is no second copy');
  t.equal(add(), ErrorCode.NONE);
  t.same(rangesOf(log.read(0, 1e6, true)!), [[0, 1]]);
  t.same(said, ['embedded broker: the disk refuses', 'embedded broker: the disk is back']);
});

/** A disk whose clock stands still until it is moved, and what it says. */
function withHeardDisk() {
  const said: string[] = [];
  const hear = (message: string) => said.push(message.replace('embedded broker: the disk ', ''));
  let time = 0;
  const disk = createDisk({ ...silentLogger, error: hear, info: hear }, () => time);
  const write = (bytes: number, isFull: boolean) =>
    disk.attempt(() => {
      if (isFull) throw noSpace();
    }, bytes);
  return { disk, said, write, pass: (ms: number) => (time += ms) };
}

t.test('a small write that still fits does not say that there is room again', async (t) => {
  const { said, write } = withHeardDisk();
  for (let i = 0; i < 100; i++) {
    write(1000, true);
    write(100, false);
  }
  t.same(said, ['refuses']);
  write(1000, false);
  t.same(said, ['refuses', 'is back']);
});

t.test('a disk on which every second write fits is two lines in ten seconds', async (t) => {
  const { disk, said, write, pass } = withHeardDisk();
  for (let i = 0; i < 100; i++) {
    write(1000, i % 2 === 0);
    disk.tick();
    pass(99);
  }
  t.same(said, ['refuses', 'is back']);
  write(1000, true);
  t.same(said, ['refuses', 'is back'], 'not yet said');
  pass(10_000);
  disk.tick();
  t.same(said, ['refuses', 'is back', 'refuses']);
});

t.test('reading says nothing about room, and a flush that fails is said', async (t) => {
  const { disk, said, write } = withHeardDisk();
  write(1000, true);
  disk.read(() => {});
  t.same(said, ['refuses']);
  write(1000, false);
  t.same(said, ['refuses', 'is back']);
  const other = withHeardDisk();
  other.disk.flushFailed(noSpace());
  t.same(other.said, ['refuses']);
});

t.test('a mistake in the code is not taken for a full disk', async (t) => {
  const disk = createDisk(silentLogger);
  t.throws(() =>
    disk.attempt(() => {
      throw new TypeError('x is not a function');
    }),
  );
});

/** A file system of 4 MB until the end of the test; null where one cannot be made. */
function mountSmall(t: Test): string | null {
  const directory = mkdtempSync(join(tmpdir(), 'small-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory], {
      stdio: 'ignore',
    });
  } catch {
    return null;
  }
  t.teardown(() => execFileSync('umount', [directory]));
  return directory;
}

async function produce(client: RawClient): Promise<number> {
  const topics = [{ name: 'full', partitions: [{ partition: 0, batch: makeBatch(1, 100_000) }] }];
  type Answer = { topics: { partitions: { error: number }[] }[] };
  const request = { transactionalId: null, acks: -1, timeout: 0, topics };
  const answer = await client.ask<Answer>('Produce', request);
  return answer.topics[0]!.partitions[0]!.error;
}

t.test('a full disk is told to the producer, and the broker goes on with room', async (t) => {
  const directory = mountSmall(t);
  if (directory === null) return t.pass('needs mount', { skip: 'run as root' });
  const ballast = join(directory, 'ballast');
  writeFileSync(ballast, Buffer.alloc(2_000_000));
  const options = { port: 0, directory, environment: 'test', logger: silentLogger };
  const broker = await startDevBroker(options);
  const client = await withRawClient(t, Number(broker.address.split(':')[1]));
  await client.ask('Metadata', metadataOf('full'));
  let written = 0;
  let error = await produce(client);
  for (; error === 0 && written < 100; error = await produce(client)) written++;
  t.equal(error, ErrorCode.KAFKA_STORAGE_ERROR);
  t.ok(written > 5, `after ${written} batches`);
  const topics = [{ name: 'full', partitions: [{ partition: 0, leaderEpoch: -1, time: -1 }] }];
  const latest = { replica: -1, isolation: 0, topics };
  t.match(await client.ask('ListOffsets', latest), {
    topics: [{ partitions: [{ offset: written }] }],
  });
  rmSync(ballast);
  t.equal(await produce(client), 0);
  await broker.close();

  const again = await startDevBroker(options);
  t.teardown(() => again.close());
  const reader = await withRawClient(t, Number(again.address.split(':')[1]));
  t.match(await reader.ask('ListOffsets', latest), {
    topics: [{ partitions: [{ offset: written + 1 }] }],
  });
});

import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { apis } from '../../server/dev-broker/api/index.ts';
import type { Broker } from '../../server/dev-broker/api.ts';
import { answerRequest } from '../../server/dev-broker/connection.ts';
import { createDisk } from '../../server/dev-broker/disk.ts';
import { array, string } from '../../server/dev-broker/fields.ts';
import { createFrames, MAX_FRAME_BYTES } from '../../server/dev-broker/frames.ts';
import { createGroups } from '../../server/dev-broker/groups.ts';
import { createIncidents } from '../../server/dev-broker/incidents.ts';
import { openJournal } from '../../server/dev-broker/journal.ts';
import { createMemory } from '../../server/dev-broker/memory.ts';
import { openTopics } from '../../server/dev-broker/topics.ts';
import { createReader } from '../../server/dev-broker/wire.ts';
import { encodeRequest, metadataOf } from '../fixtures/dev-broker.ts';
import { makeBatch } from '../fixtures/log-batches.ts';
import { silentLogger } from '../fixtures/silent-logger.ts';

const anyBytes = (maxLength: number) =>
  fc.uint8Array({ maxLength, size: 'max' }).map((bytes) => Buffer.from(bytes));

/** Every request in every version it is served in. */
const kinds = apis.flatMap((api) => {
  const [min, max] = api.advertised ?? api.versions;
  return Array.from({ length: max - min + 1 }, (_, i) => ({ api, version: min + i }));
});

function makeBroker(): Broker {
  const disk = createDisk(silentLogger);
  let ids = 0;
  const topics = openTopics({ directory: null, disk, logger: silentLogger, newId: randomUUID });
  const groups = createGroups({
    journal: openJournal(null),
    disk,
    now: () => 0,
    newId: randomUUID,
  });
  topics.create('t', 2, {});
  const where = { nodeId: 1, host: 'localhost', port: 1, clusterId: 'c' };
  const newProducerId = () => ids++;
  const memory = createMemory();
  const incidents = createIncidents(silentLogger, () => 0);
  const parts = { topics, groups, disk, memory, incidents, logger: silentLogger };
  return { ...where, ...parts, apis, partitions: 1, newProducerId };
}

t.test('no bytes make a decoder throw or hang', async () => {
  for (const { api, version } of kinds) {
    fc.assert(
      fc.property(anyBytes(200), (bytes) => {
        for (const field of [api.request, api.answer]) {
          const reader = createReader(bytes);
          reader.flexible = api.isFlexible(version);
          field.read(reader, version);
        }
      }),
      { numRuns: 50 },
    );
  }
});

t.test('arrays that claim more than there is hold nothing', async (t) => {
  for (const { api, version } of kinds) {
    for (const byte of [0x7f, 0xff, 0x80, 0x00]) {
      // As an array: 2^31 elements, none, and a few million that are not there.
      const bytes = Buffer.alloc(64, byte);
      for (const at of [0, 2, 4, 8, 12]) bytes.writeInt32BE(5_000_000, at);
      const reader = createReader(bytes);
      reader.flexible = api.isFlexible(version);
      api.request.read(reader, version);
    }
  }
  const names = array(array(string));
  const bytes = Buffer.alloc(2_000_000);
  for (let at = 4; at < bytes.length; at += 8) bytes.writeInt32BE(1, at);
  bytes.writeInt32BE(90_000, 0);
  const reader = createReader(bytes);
  const read = names.read(reader, 0);
  t.ok(reader.failed(), 'arrays in arrays have one bound together');
  t.ok(read.length < 60_000, `${read.length}`);
});

/** Requests of which some bytes are not what they should be. */
const nearlyRight = [
  encodeRequest('Metadata', metadataOf('t', 'u')),
  encodeRequest('Produce', {
    transactionalId: null,
    acks: -1,
    timeout: 0,
    topics: [{ name: 't', partitions: [{ partition: 0, batch: makeBatch(2) }] }],
  }),
  encodeRequest('Fetch', {
    replica: -1,
    maxWait: 0,
    minBytes: 1,
    maxBytes: 1000,
    isolation: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [
      {
        name: 't',
        partitions: [{ partition: 0, leaderEpoch: -1, offset: 0, start: 0, maxBytes: 1000 }],
      },
    ],
    forgotten: [],
    rack: '',
  }),
  encodeRequest('ListOffsets', {
    replica: -1,
    isolation: 0,
    topics: [{ name: 't', partitions: [{ partition: 0, leaderEpoch: -1, time: -1 }] }],
  }),
  encodeRequest('CreateTopics', {
    topics: [
      {
        name: 'v',
        partitions: 1,
        replicationFactor: 1,
        assignments: [],
        config: [{ name: 'retention.ms', value: '5' }],
      },
    ],
    timeout: 0,
    dryRun: false,
  }),
  encodeRequest('DeleteRecords', {
    topics: [{ name: 't', partitions: [{ partition: 0, offset: -1 }] }],
    timeout: 0,
  }),
  encodeRequest('OffsetCommit', {
    group: 'g',
    generation: -1,
    memberId: '',
    instanceId: null,
    retention: -1,
    topics: [
      { name: 't', partitions: [{ partition: 0, offset: 1, leaderEpoch: -1, metadata: '' }] },
    ],
  }),
  encodeRequest('JoinGroup', {
    group: 'g',
    sessionTimeout: 10_000,
    rebalanceTimeout: 10_000,
    memberId: '',
    instanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.from('m') }],
  }),
].map((frame) => frame.subarray(4));

t.test('no request makes the broker throw, nor what came before it', async () => {
  const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
  const request = fc.record({
    frame: fc.oneof(fc.constantFrom(...nearlyRight), anyBytes(60)),
    changes: fc.array(change, { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 10 }), async (requests) => {
      const broker = makeBroker();
      // Nobody waits for what would have to wait.
      const peer = { host: '/127.0.0.1', gone: AbortSignal.abort() };
      for (const { frame, changes } of requests) {
        const bytes = Buffer.from(frame);
        for (const { at, byte } of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        const parked = new Promise((resolve) => setImmediate(resolve));
        await Promise.race([answerRequest(bytes, broker, peer), parked]);
      }
    }),
    { numRuns: 300 },
  );
});

t.test('frames come out whole however they arrive', async () => {
  const frame = fc.uint8Array({ minLength: 8, maxLength: 300 });
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.integer({ min: 1, max: 50 })), (sent, cuts) => {
      const stream = Buffer.concat(
        sent.flatMap((bytes) => {
          const size = Buffer.alloc(4);
          size.writeInt32BE(bytes.length);
          return [size, bytes];
        }),
      );
      const frames = createFrames();
      const got: Buffer[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const next = at + (cuts[i % cuts.length] ?? 7);
        frames.push(stream.subarray(at, next));
        at = next;
        for (let one = frames.next(); one !== null; one = frames.next()) got.push(one as Buffer);
      }
      return got.length === sent.length && got.every((bytes, i) => bytes.equals(sent[i]!));
    }),
  );
});

t.test('a size that cannot be is refused before anything has arrived', async (t) => {
  for (const size of [-1, 0, 7, MAX_FRAME_BYTES + 1, 2 ** 31 - 1]) {
    const frames = createFrames();
    const head = Buffer.alloc(4);
    head.writeInt32BE(size);
    frames.push(head);
    t.equal(frames.next(), 'invalid', `${size}`);
  }
  const frames = createFrames();
  const head = Buffer.alloc(4);
  head.writeInt32BE(MAX_FRAME_BYTES);
  frames.push(head);
  t.equal(frames.next(), null);
  t.equal(frames.buffered(), 0, 'nothing is held for what was only announced');
});

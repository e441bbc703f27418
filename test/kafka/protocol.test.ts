import fc from 'fast-check';
import t from 'tap';
import { checkKafkajsVersion } from '../../server/kafka/kafkajs-inside.ts';
import { metadataExchange } from '../../server/kafka/metadata.ts';
import { deleteRecordsExchange, listOffsetsExchange } from '../../server/kafka/offsets.ts';
import { fetchExchange, produceExchange } from '../../server/kafka/protocol.ts';
import { createWireReader, createWireWriter, WireError } from '../../server/kafka/wire.ts';
import { fetchAnswer } from './fetch-answer.ts';

const limits = { maxWaitMs: 100, maxBytes: 2 ** 24, maxPartitionBytes: 2 ** 20 };

/** A Fetch answer, read from the throttle time on. */
function readFetch(payload: Buffer) {
  const reader = createWireReader(payload);
  reader.int32();
  return fetchExchange([], limits).read(reader);
}

t.test('a fetch answer is read into its partitions, the records as a view', async (t) => {
  const bytes = Buffer.from('records');
  const payload = fetchAnswer([
    { topic: 'a', partition: 1, bytes, highWatermark: 9, lastStableOffset: 8 },
    { topic: 'b', partition: 0, error: 6 },
  ]);
  const [a, b, ...more] = readFetch(payload);
  t.match(a, { topic: 'a', partition: 1, error: 0, highWatermark: 9, lastStableOffset: 8, bytes });
  t.equal(a?.bytes.buffer, payload.buffer);
  t.match(b, { topic: 'b', partition: 0, error: 6, aborted: [] });
  t.same(more, []);
});

t.test('an error of the whole answer is one of each partition', async (t) => {
  const payload = fetchAnswer([{ topic: 'a', partition: 0 }], 71);
  t.match(readFetch(payload), [{ error: 71 }]);
});

t.test('a fetch request has the bytes of the protocol', async (t) => {
  const { body } = fetchExchange([{ topic: 't', partition: 2, epoch: 5, offset: 2 ** 33 }], limits);
  const expected = `
    ffffffff 00000064 00000001 01000000 01 00000000 ffffffff
    00000001 000174 00000001 00000002 00000005 0000000200000000 ffffffffffffffff 00100000
    00000000`;
  t.equal(body.toString('hex'), expected.replaceAll(/\s/g, ''));
});

t.test('metadata is asked for and read in the best version of a broker', async (t) => {
  const requests: [number, number, string][] = [
    [6, 5, '00000001 000174 00'],
    [9, 7, '00000001 000174 00'],
    [13, 10, `02 ${'00'.repeat(16)} 0274 00 00 00 00 00`],
  ];
  for (const [offered, version, bytes] of requests) {
    const { api, body } = metadataExchange(['t'], offered);
    t.equal(api.version, version);
    t.equal(body.toString('hex'), bytes.replaceAll(' ', ''));
  }
  const brokers = [{ nodeId: 1, host: 'h', port: 9092, rack: null }];
  const partitions = (epoch: number) => [
    { error: 0, partition: 0, leader: 1, epoch, replicas: 1 },
    { error: 5, partition: 1, leader: -1, epoch, replicas: 1 },
  ];
  const node = '00000001 000168 00002384 ffff';
  const partition = (epoch: string, lists: string) =>
    `0000 00000000 00000001 ${epoch} ${lists}
     0005 00000001 ffffffff ${epoch} ${lists}`;
  const plain = (epoch: string) =>
    `00000001 ${node} ffff 00000001 00000001 0000 000174 00
     00000002 ${partition(epoch, '00000001 00000001 00000000 00000000')}`;
  const id = '0123456789abcdef'.repeat(2);
  const flexible = `02 00000001 0268 00002384 00 00 00 00000001
     02 0000 0274 ${id} 00 03 ${partition('00000009', '02 00000001 01 01 00')} 00000000 00
     00000000 00`;
  const answers: [number, string, number, string | null][] = [
    [5, plain(''), -1, null],
    [7, plain('00000009'), 9, null],
    [10, flexible, 9, id],
    [10, flexible.replace(id, '0'.repeat(32)), 9, null],
  ];
  for (const [version, hex, epoch, id] of answers) {
    const bytes = Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
    t.same(metadataExchange(['t'], version).read(createWireReader(bytes)), {
      brokers,
      topics: [{ topic: 't', error: 0, id, partitions: partitions(epoch) }],
    });
  }
});

t.test('no bytes do more than be refused, and no length is believed', async (t) => {
  const reads = [
    readFetch,
    (payload: Buffer) => listOffsetsExchange([], -1).read(createWireReader(payload)),
    (payload: Buffer) =>
      deleteRecordsExchange({ topic: 't', partition: 0 }, 1).read(createWireReader(payload)),
    ...[5, 7, 10].map(
      (version) => (payload: Buffer) =>
        metadataExchange(['t'], version).read(createWireReader(payload)),
    ),
    (payload: Buffer) =>
      produceExchange({ topic: 't', partition: 0 }, Buffer.alloc(0), 1).read(
        createWireReader(payload),
      ),
  ];
  const aborted = [{ producerId: 1, firstOffset: 2 }];
  const good = fetchAnswer([
    { topic: 'topic', partition: 0, bytes: Buffer.alloc(30), aborted },
    { topic: 'topic', partition: 1 },
  ]);
  fc.assert(
    fc.property(
      fc.constantFrom(...reads),
      fc.oneof(
        fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
        fc
          .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 5 })
          .map((changes) => {
            const bytes = Buffer.from(good);
            for (const [at, byte] of changes) bytes[at] = byte;
            return bytes;
          }),
      ),
      fc.option(fc.nat(100)),
      (read, bytes, cut) => {
        try {
          read(cut === null ? bytes : bytes.subarray(0, cut));
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
        }
      },
    ),
    { numRuns: 3000 },
  );
  const writer = createWireWriter();
  writer.int32(0);
  writer.int16(0);
  writer.int32(0);
  writer.int32(2 ** 31 - 1);
  t.throws(() => readFetch(writer.finish()), { code: 'WIRE', retriable: true });
});

t.test('an offset beyond 2^53 is refused, not rounded', async (t) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(2n ** 53n);
  t.throws(() => createWireReader(bytes).int64(), /2\^53/);
  bytes.writeBigInt64BE(2n ** 53n - 1n);
  t.equal(createWireReader(bytes).int64(), 2 ** 53 - 1);
  bytes.writeBigInt64BE(-1n);
  t.equal(createWireReader(bytes).int64(), -1);
});

t.test('another version of kafkajs is refused in clear words', async (t) => {
  t.doesNotThrow(() => checkKafkajsVersion('2.2.4'));
  t.throws(() => checkKafkajsVersion('2.3.0'), {
    message: /kafkajs 2\.3\.0 is installed.*2\.2\.4.*npm ci/,
    retriable: false,
  });
});

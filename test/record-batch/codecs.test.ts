import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { inflate as inflateInSteps } from '../../server/record-batch/codecs.ts';
import { createOutput } from '../../server/record-batch/growing-buffer.ts';
import { openRecordSet } from '../../server/record-batch/reader.ts';
import { Malformed, openRecord } from '../../server/record-batch/record-parts.ts';

type Sample = { codec: string; producer: string; count: number; bytes: string };

// Written by librdkafka 2.0.2 and the Java client 4.3.1, taken from the log of an Apache Kafka 4.3.1.
const file = new URL('../../../test/fixtures/corpus/compressed-batches.json', import.meta.url);
const samples: Sample[] = JSON.parse(readFileSync(file, 'utf8'));

const [gzip, snappy, lz4, zstd] = [1, 2, 3, 4];

/** All that comes out, taken after every step as a reader does, and what that took. */
async function inflate(codec: number, bytes: Buffer, taking = { steps: 0, room: 0 }) {
  const output = createOutput(0);
  const parts: Buffer[] = [];
  const take = () => {
    parts.push(Buffer.from(output.bytes.subarray(output.taken, output.at)));
    output.taken = output.at;
    taking.room = Math.max(taking.room, output.bytes.length);
  };
  for await (const _ of inflateInSteps(codec, bytes, output)) {
    taking.steps += 1;
    take();
  }
  take();
  return Buffer.concat(parts);
}

/** What `inflate` throws. */
const failure = (codec: number, bytes: Buffer) =>
  inflate(codec, bytes).then(
    () => null,
    (error: Error) => error,
  );
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

t.test('batches of other clients are read, whatever the codec', async (t) => {
  t.equal(new Set(samples.map((s) => s.codec + s.producer)).size, 8);
  for (const { codec, producer, count, bytes } of samples) {
    const cursor = openRecordSet({ bytes: Buffer.from(bytes, 'base64'), aborted: [] }, 0);
    t.equal(await cursor.nextBatch(), true);
    const values: string[] = [];
    while (cursor.next()) values.push(openRecord(cursor.copy()).value?.toString() ?? '');
    const title = `${codec} by ${producer}, ${count} records`;
    if (count === 1) t.same(values, ['abcdefghij'.repeat(30_000)], title);
    else {
      const first = Number(JSON.parse(values[0] ?? '').orderId);
      const ids = values.map((value) => Number(JSON.parse(value).orderId));
      t.same(
        ids,
        Array.from({ length: count }, (_, i) => first + i),
        title,
      );
    }
  }
});

t.test('raw snappy: literals of every length and overlapping copies', async (t) => {
  t.same(await inflate(snappy!, hex('05 10 68656c6c6f')), Buffer.from('hello'));
  t.same(await inflate(snappy!, hex('08 00 61 0d 01')), Buffer.from('a'.repeat(8)), 'copy, 1 byte');
  t.same(await inflate(snappy!, hex('06 04 6162 0e 0200')), Buffer.from('ababab'), 'copy, 2 bytes');
  t.same(
    await inflate(snappy!, hex('06 04 6162 0f 02000000')),
    Buffer.from('ababab'),
    'copy, 4 bytes',
  );
  const long = Buffer.alloc(300, 'x');
  t.same(await inflate(snappy!, Buffer.concat([hex('ac02 f4 2b01'), long])), long, 'long literal');
});

t.test('lz4: stored blocks, matches over block borders, checksums passed over', async (t) => {
  const stored = hex('04224d18 60 40 82  05000080 68656c6c6f 00000000');
  t.same(await inflate(lz4!, stored), Buffer.from('hello'));
  const linked = hex('04224d18 44 40 00  02000080 6162  05000000 04 0200 10 63 00000000 12345678');
  t.same(await inflate(lz4!, linked), Buffer.from('abababababc'));
});

t.test(
  'gzip in several members is read to its end, a lie about the size is found out',
  async (t) => {
    const large = gzipSync(Buffer.alloc(300_000, 'x'));
    const both = Buffer.concat([large, gzipSync(Buffer.from('y'))]);
    t.equal((await inflate(gzip!, both)).length, 300_001);
    large.writeUInt32LE(5, large.length - 4);
    t.ok((await failure(gzip!, large)) instanceof Malformed);
  },
);

const MiB = 1024 * 1024;
/** Frames whose few bytes make `size` MiB of one letter. */
const bombs: Record<string, [codec: number, make: (size: number) => Buffer]> = {
  gzip: [gzip!, (size) => gzipSync(Buffer.alloc(size * MiB, 'a'))],
  zstd: [
    zstd!,
    (size) => {
      const block = hex('02 00 10 61'); // 128 KiB of one byte
      return Buffer.concat([hex('28b52ffd 00 58'), ...Array(size * 8).fill(block), hex('01 0000')]);
    },
  ],
  lz4: [
    lz4!,
    (size) => {
      // A literal, a match of 1 MiB less the literal with what is left to the end, and a last literal.
      const length = MiB - 2 - 4 - 15;
      const tail = Buffer.alloc(Math.floor(length / 255) + 1, 255);
      tail[tail.length - 1] = length % 255;
      const block = Buffer.concat([hex('00000000 1f 61 0100'), tail, hex('10 61')]);
      block.writeUInt32LE(block.length - 4);
      return Buffer.concat([hex('04224d18 60 70 00'), ...Array(size).fill(block), hex('00000000')]);
    },
  ],
  'raw snappy': [
    snappy!,
    (size) => {
      const literal = Buffer.concat([varintOf(size * MiB), hex('f0 3f'), Buffer.alloc(64, 'a')]);
      const copies = Buffer.alloc(((size * MiB) / 64 - 1) * 3, 'fe0100', 'hex');
      return Buffer.concat([literal, copies]);
    },
  ],
};

function varintOf(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

t.test('a bomb comes out in steps, in memory that does not grow with it', async (t) => {
  for (const [name, [codec, make]] of Object.entries(bombs)) {
    const taking = { steps: 0, room: 0 };
    const out = await inflate(codec, make(80), taking);
    t.ok(out.equals(Buffer.alloc(80 * MiB, 'a')), `${name}: all of it comes out`);
    t.ok(taking.steps >= 80, `${name}: in ${taking.steps} steps`);
    const bound = name === 'raw snappy' ? 65 : 4;
    t.ok(taking.room <= bound * MiB, `${name}: in a room of ${taking.room} bytes`);
  }
});

t.test('a claim costs nothing by itself', async (t) => {
  t.match((await failure(snappy!, hex('ffffffff0f 00 61')))?.message, /claims 4294967295/);
  const match = Buffer.concat([
    hex('00000000 1f 61 0100'),
    Buffer.alloc(20_000, 255),
    hex('00 00'),
  ]);
  match.writeUInt32LE(match.length - 4);
  const frame = Buffer.concat([hex('04224d18 60 70 00'), match, hex('00000000')]);
  t.match((await failure(lz4!, frame))?.message, /longer than its frame allows/);
});

t.test('a claimed zstd window costs nothing until there are blocks to fill it', async (t) => {
  t.same(await inflate(zstd!, hex('28b52ffd 00 f8  0b0000 61')), Buffer.from('a'));
});

t.test('damaged bytes are refused and nothing else happens', async (t) => {
  const bodies = samples.map((s) => ({
    codec: [gzip!, snappy!, lz4!, zstd!][['gzip', 'snappy', 'lz4', 'zstd'].indexOf(s.codec)]!,
    body: Buffer.from(s.bytes, 'base64').subarray(61),
  }));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...bodies),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }),
      fc.option(fc.nat()),
      async ({ codec, body }, changes, cut) => {
        const bytes = Buffer.from(body.subarray(0, cut === null ? body.length : cut % body.length));
        for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        await inflate(codec, bytes).catch((error) => {
          if (!(error instanceof Malformed)) throw error;
        });
      },
    ),
    { numRuns: 1500 },
  );
  t.pass();
});

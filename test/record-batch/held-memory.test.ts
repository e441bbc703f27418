// What a kept record holds in memory, against what it counts for.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { openRecordSet } from '../../server/record-batch/reader.ts';
import type { StoredRecord } from '../../server/record-batch/record.ts';
import {
  bodyOf,
  openRecord,
  storedValueAt,
  varintEnd,
} from '../../server/record-batch/record-parts.ts';
import { encodeBatch } from '../../server/record-batch/writer.ts';
import { type CraftedRecord, craftBatch } from './crafted.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const KiB = 1024;
const MiB = 1024 * KiB;

/** Memory that is held when nothing but what is referred to is there. */
async function held(): Promise<{ buffers: number; rss: number; heap: number }> {
  // A buffer goes with the second collection, in a turn of its own.
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { arrayBuffers, rss, heapUsed } = process.memoryUsage();
  return { buffers: arrayBuffers, rss, heap: heapUsed };
}

const counted = (records: readonly StoredRecord[]) =>
  records.reduce((sum, { body }) => sum + body.length, 0);

/** Copies every record of the set that is wanted. */
async function copies(bytes: Buffer, wanted: (offset: number) => boolean, into: StoredRecord[]) {
  const cursor = openRecordSet({ bytes, aborted: [] }, 0);
  while (await cursor.nextBatch()) {
    while (cursor.next()) {
      if (wanted(cursor.offset)) into.push(cursor.copy());
    }
  }
}

t.test('small records that are kept hold no page of anything else', async (t) => {
  const count = 20_000;
  const kept: StoredRecord[] = [];
  const small = { timestamp: 1, key: null, value: Buffer.alloc(30, 'v'), headers: [] };
  const batch = encodeBatch(Array(100).fill(small));
  const before = await held();
  for (let i = 0; i < count; i++) {
    await copies(batch, (offset) => offset === i % 100, kept);
    // Whoever else takes small buffers meanwhile, and lets go of them.
    Buffer.from('x'.repeat(3000));
  }
  const after = await held();
  t.equal(kept.length, count);
  const buffers = after.buffers - before.buffers;
  t.ok(buffers < counted(kept) + MiB, `${buffers} bytes for ${counted(kept)} that count`);
  const rss = after.rss - before.rss;
  t.ok(rss < counted(kept) + count * KiB + 64 * MiB, `resident: ${rss} bytes`);
});

t.test('a kept record holds neither its answer nor what its batch inflated to', async (t) => {
  const kept: StoredRecord[] = [];
  const filling = { value: Buffer.alloc(16 * KiB) };
  const codecs: [number, (body: Buffer) => Buffer][] = [
    [0, (body) => body],
    [1, (body) => gzipSync(body, { level: 1 })],
  ];
  const before = await held();
  for (const [attributes, compress] of codecs) {
    for (let i = 0; i < 10; i++) {
      const batch = craftBatch([{}, ...Array(512).fill(filling)], { attributes, compress });
      await copies(batch, (offset) => offset === 0, kept);
    }
  }
  const buffers = (await held()).buffers - before.buffers;
  t.ok(buffers < counted(kept) + MiB, `${buffers} bytes for ${counted(kept)} that count`);
});

t.test(
  'a record of many headers waits as its bytes, and its value is found without them',
  async (t) => {
    const count = 300_000;
    const header = { name: Buffer.from('h'), value: Buffer.alloc(0) };
    const record: CraftedRecord = { headers: Array(count).fill(header), value: Buffer.from('v') };
    const batch = craftBatch([record]);
    const kept: StoredRecord[] = [];
    const before = await held();
    await copies(batch, () => true, kept);
    for (let attempt = 0; attempt < 3; attempt++) {
      const body = bodyOf(kept[0]!);
      const start = storedValueAt(body);
      t.equal(body.toString('latin1', start, varintEnd), 'v');
    }
    const after = await held();
    const more = after.buffers - before.buffers + after.heap - before.heap;
    t.ok(more < counted(kept) + MiB, `${more} bytes for ${counted(kept)} that count`);
    t.equal(openRecord(kept[0]!).headers.length, count);
  },
);

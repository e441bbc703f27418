import { readFileSync } from 'node:fs';
import t from 'tap';
import {
  DamagedBatch,
  type DamageReason,
  nextOffsetAfter,
} from '../../server/record-batch/batch-header.ts';
import { openRecordSet, validateBatch } from '../../server/record-batch/reader.ts';

type Case = { name: string; hex: string };

const file = new URL('../../../test/fixtures/corpus/record-batches.json', import.meta.url);
const cases: Case[] = JSON.parse(readFileSync(file, 'utf8'));

/** What the reader makes of it, `records → next offset` or its complaint; what the embedded broker answers. */
const expected: Record<string, [string, DamageReason | 'ok']> = {
  'B0 valid': ['1 → 1', 'ok'],
  'CRC deadbeef': ['CORRUPT', 'CORRUPT'],
  'magic 0 header on v2 bytes': ['CORRUPT', 'CORRUPT'],
  'batchLength 200 > bytes': ['0 → 0', 'INVALID_RECORD'],
  'batchLength 0': ['CORRUPT', 'CORRUPT'],
  'recordCount 2^31-1': ['INVALID_RECORD', 'INVALID_RECORD'],
  'recordCount 2, one present': ['INVALID_RECORD', 'INVALID_RECORD'],
  'empty batch kept by compaction, lastDelta 9': ['0 → 10', 'INVALID_RECORD'],
  'lastOffsetDelta 5, count 1': ['1 → 6', 'INVALID_RECORD'],
  'timestamp -1': ['1 → 1', 'ok'],
  'base offset -1': ['INVALID_RECORD', 'ok'],
  'base offset 2^63-1': ['INVALID_RECORD', 'ok'],
  'record length -1': ['INVALID_RECORD', 'INVALID_RECORD'],
  'key length -5': ['1 → 1', 'INVALID_RECORD'],
  'header count 2^31-1 (kafkajs: process OOM)': ['1 at fault → 1', 'INVALID_RECORD'],
  'header count -2': ['1 at fault → 1', 'INVALID_RECORD'],
  'header __proto__': ['1 → 1', 'ok'],
  'header constructor': ['1 → 1', 'ok'],
  'header key ff (bad UTF-8)': ['1 → 1', 'ok'],
  'duplicate header keys x3': ['1 → 1', 'ok'],
  'control type 9': ['0 → 1', 'INVALID_RECORD'],
  'data record with key 00000000 in aborted txn': ['1 → 1', 'ok'],
  'sequence gap: send seq 0, then this (seq 5)': ['1 → 1', 'ok'],
  'older epoch: send epoch 1 first, then this with epoch 0': ['1 → 1', 'ok'],
  'codec 3 lz4, empty frame': ['INVALID_RECORD', 'INVALID_RECORD'],
  'codec 4 zstd, empty frame': ['INVALID_RECORD', 'INVALID_RECORD'],
  'codec 7': ['UNSUPPORTED_CODEC', 'UNSUPPORTED_CODEC'],
  'gzip garbage': ['INVALID_RECORD', 'INVALID_RECORD'],
  'raw snappy claims 4 GiB': ['INVALID_RECORD', 'INVALID_RECORD'],
  // All of them say +0. Apache Kafka 4.3.1 refuses it as well (and answers -1).
  'gzip, 130 000 empty records': ['1 and 129999 at fault → 130000', 'INVALID_RECORD'],
  'zero tail after B0': ['1 → 1', 'INVALID_RECORD'],
  'torn second batch (60 of 70 B)': ['1 → 1', 'INVALID_RECORD'],
};

async function read(bytes: Buffer): Promise<string> {
  const cursor = openRecordSet({ bytes, aborted: [] }, 0);
  let records = 0;
  let faults = 0;
  try {
    while (await cursor.nextBatch()) {
      while (cursor.next()) {
        if (cursor.fault === null) records++;
        else faults++;
      }
    }
    const counts = [records > 0 ? `${records}` : '', faults > 0 ? `${faults} at fault` : ''];
    return `${counts.filter(Boolean).join(' and ') || 0} → ${cursor.nextOffset}`;
  } catch (error) {
    if (error instanceof DamagedBatch) return error.reason;
    throw error;
  }
}

async function validate(bytes: Buffer): Promise<string> {
  try {
    await validateBatch(bytes);
    return 'ok';
  } catch (error) {
    if (error instanceof DamagedBatch) return error.reason;
    throw error;
  }
}

t.test('every batch of the corpus is delivered, passed over or refused', async (t) => {
  t.same(cases.map((c) => c.name).sort(), Object.keys(expected).sort());
  for (const { name, hex } of cases) {
    const bytes = Buffer.from(hex, 'hex');
    t.equal(await read(bytes), expected[name]?.[0], `read: ${name}`);
    t.equal(await validate(bytes), expected[name]?.[1], `produce: ${name}`);
  }
});

t.test('the headers alone tell where the next fetch begins', async (t) => {
  for (const { name, hex } of cases) {
    const [, next] = (expected[name]?.[0] ?? '').split(' → ');
    if (next !== undefined)
      t.equal(nextOffsetAfter(Buffer.from(hex, 'hex'), 0), Number(next), name);
  }
});

t.test(
  'a data record that looks like an abort marker goes with its aborted transaction',
  async (t) => {
    const found = cases.find((c) => c.name.startsWith('data record with key 00000000'));
    const cursor = openRecordSet(
      { bytes: Buffer.from(found!.hex, 'hex'), aborted: [{ producerId: 7, firstOffset: 0 }] },
      0,
    );
    t.equal(await cursor.nextBatch(), false);
    t.equal(cursor.nextOffset, 1);
  },
);

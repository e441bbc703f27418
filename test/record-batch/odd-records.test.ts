import fc from 'fast-check';
import t from 'tap';
import { openRecordSet, validateBatch } from '../../server/record-batch/reader.ts';
import type { KafkaRecord } from '../../server/record-batch/record.ts';
import { openRecord } from '../../server/record-batch/record-parts.ts';
import { type CraftedRecord, craftBatch, oddDeltas } from './crafted.ts';

/** The records of a set from a position on. */
async function read(bytes: Buffer, position = 0): Promise<KafkaRecord[]> {
  const cursor = openRecordSet({ bytes, aborted: [] }, position);
  const records: KafkaRecord[] = [];
  while (await cursor.nextBatch()) while (cursor.next()) records.push(openRecord(cursor.copy()));
  return records;
}

/** As `offset:index` of the record, with a mark where it is at fault. */
const outline = (records: readonly KafkaRecord[]) =>
  records.map(
    ({ offset, value, fault }) => `${offset}:${String(value).slice(-1)}${fault ? ' fault' : ''}`,
  );

const withDeltas = (deltas: readonly number[], lastDelta = deltas.length - 1) =>
  craftBatch(
    deltas.map((delta) => ({ delta })),
    { lastDelta, baseOffset: 10 },
  );

/** What Kafka's own consumer delivers within the offsets of the batch, as `offset:index`. */
function asJava(deltas: readonly number[]): string[] {
  let next = 0;
  return deltas.flatMap((delta, index) => {
    if (delta < next || delta >= deltas.length) return [];
    next = delta + 1;
    return [`${10 + delta}:${index}`];
  });
}

t.test(
  'records with odd offsets are delivered once each, those that Java reads as it does',
  async (t) => {
    for (const deltas of oddDeltas) {
      const found = outline(await read(withDeltas(deltas)));
      t.same(
        found.map((each) => each.split(':')[0]),
        ['10', '11', '12'],
        `${deltas}: every offset once, in order`,
      );
      t.same(
        found.map((each) => each.split(':')[1]?.[0]).sort(),
        ['0', '1', '2'],
        `${deltas}: every record once`,
      );
      t.same(
        found.filter((each) => !each.includes('fault')),
        asJava(deltas),
        `${deltas}: like Java`,
      );
    }
  },
);

t.test('a record in the place of another says whose offset it claims', async (t) => {
  const [, second] = await read(withDeltas([0, 0, 2]));
  t.match(second, { offset: 11, fault: /offset \+0, .* in the place of \+1/ });
});

t.test(
  'whatever the offsets, a reader that starts within the batch sees the rest of the same',
  async (t) => {
    const deltas = fc.array(fc.integer({ min: -2, max: 12 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(deltas, fc.nat(10), fc.nat(12), async (deltas, more, skip) => {
        const bytes = withDeltas(deltas, deltas.length - 1 + more);
        const all = await read(bytes);
        t.equal(all.length, deltas.length);
        const offsets = all.map(({ offset }) => offset);
        t.same(
          offsets,
          [...new Set(offsets)].sort((a, b) => a - b),
        );
        t.ok(offsets.every((offset) => offset >= 10 && offset <= 10 + deltas.length - 1 + more));
        const rest = await read(bytes, 10 + skip);
        t.same(outline(rest), outline(all.filter(({ offset }) => offset >= 10 + skip)));
      }),
      { numRuns: 300 },
    );
  },
);

const odd = async (record: CraftedRecord) => {
  const bytes = craftBatch([{}, record, {}]);
  const [first, second, third] = await read(bytes);
  return { first, second, third, bytes };
};

t.test('a length below zero is null, in key, value and header value', async (t) => {
  for (const length of [-1, -2, -100, -(2 ** 31)]) {
    const headers = [{ name: Buffer.from('h'), value: length }];
    const { second, third, bytes } = await odd({ key: length, value: length, headers });
    t.same(
      { key: second?.key, value: second?.value, headers: second?.headers, fault: second?.fault },
      {
        key: null,
        value: null,
        headers: [{ key: Buffer.from('h'), value: null }],
        fault: undefined,
      },
    );
    t.equal(String(third?.value), 'value 2');
    if (length < -1)
      await t.rejects(validateBatch(bytes), /length below -1/, 'the embedded broker');
  }
});

t.test(
  'a record that breaks inside costs its neighbours nothing, and what could be read is kept',
  async (t) => {
    const h = { name: Buffer.from('h'), value: Buffer.from('v') };
    const key = Buffer.from('k');
    const value = Buffer.from('v');
    const cases: [string, CraftedRecord, object][] = [
      ['a key too long', { key: 1000 }, { key: null, fault: /a key of 1000 bytes/ }],
      ['a value too long', { key, value: 1000 }, { key, fault: /a value of 1000 bytes/ }],
      ['headers below zero', { key, value, headerCount: -2 }, { key, value, fault: '-2 headers' }],
      [
        'more headers than there are',
        { key, value, headers: [h], headerCount: 2 ** 31 - 1 },
        { key, value, headers: [{ key: h.name, value: h.value }], fault: /header/ },
      ],
      [
        'a header name below zero',
        { key, value, headers: [h, { name: -1, value: h.value }] },
        {
          key,
          value,
          headers: [{ key: h.name, value: h.value }],
          fault: /header name of length -1/,
        },
      ],
      [
        'bytes behind the headers',
        { key, value, tail: Buffer.of(1) },
        { key, value, fault: /length/ },
      ],
    ];
    for (const [name, record, expected] of cases) {
      const { first, second, third, bytes } = await odd(record);
      t.match(second, expected, name);
      t.same(
        [first?.value, third?.value].map(String),
        ['value 0', 'value 2'],
        `${name}: the others`,
      );
      t.same([first?.fault, third?.fault], [undefined, undefined]);
      await t.rejects(validateBatch(bytes), /INVALID_RECORD/, 'the broker refuses it');
    }
  },
);

t.test('a record that is wrong about its own length is found by its parts', async (t) => {
  for (const longer of [-3, -1, 1, 2]) {
    const { first, second, third } = await odd({ longer });
    t.same(
      [first, second, third].map((each) => String(each?.value)),
      ['value 0', 'value 1', 'value 2'],
    );
    t.match(second?.fault, /a length of \d+ where the parts take \d+/);
    t.same([first?.fault, third?.fault], [undefined, undefined]);
  }
});

t.test('records that cannot be told apart are damage', async (t) => {
  const plain = [{}, {}, {}];
  for (const bytes of [
    craftBatch(plain, { count: 4, lastDelta: 3 }),
    craftBatch(plain, { count: 2, lastDelta: 1 }),
    craftBatch(plain, { count: 3, lastDelta: 1 }),
    craftBatch(plain, { tail: Buffer.of(1, 2) }),
    craftBatch(plain, { count: 2 ** 31 - 1, lastDelta: 2 ** 31 - 1 }),
    craftBatch([{}, { value: 1000, longer: 2000 }, {}]),
  ]) {
    await t.rejects(read(bytes), { name: 'DamagedBatch', reason: 'INVALID_RECORD' });
  }
});

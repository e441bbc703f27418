import { readFileSync } from 'node:fs';
import avro from 'avsc';
import t from 'tap';
import { type Decimal, decimalOf, decimalText, unitsOf } from '../../server/schemas/decimal.ts';
import { fingerprintText } from '../../server/schemas/fingerprint.ts';
import { createReaderSchema, fingerprintOfSchema } from '../../server/schemas/reader-schema.ts';

type Field = { name: string; type: unknown; default?: unknown; aliases?: string[] };

const record = (fields: Field[], name = 'com.example.Order') => ({ type: 'record', name, fields });

/** What a reader with `fields` makes of `value`, written with a record of `writer`. */
function read(
  fields: Field[],
  writer: Field[],
  value: object,
  name = 'com.example.Order',
): unknown {
  const reader = createReaderSchema(JSON.stringify(record(fields)));
  const type = avro.Type.forSchema(record(writer, name) as avro.Schema, { wrapUnions: 'never' });
  const resolved = reader.resolve({ text: JSON.stringify(record(writer, name)), references: [] });
  const decoded = resolved.decode(type.toBuffer(value));
  return 'value' in decoded ? { ...decoded.value } : decoded;
}

const text = (name: string): Field => ({ name, type: 'string' });

t.test('fields are found by name, in whatever order, and others are passed over', async (t) => {
  const writer = [
    { name: 'tags', type: { type: 'map', values: { type: 'array', items: 'long' } } },
    text('b'),
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] } },
    { name: 'note', type: ['null', 'string'] },
    text('a'),
  ];
  const value = { tags: { x: [1, 2], y: [] }, b: 'two', kind: 'B', note: 'n', a: 'one' };
  t.same(read([text('a'), text('b')], writer, value), { a: 'one', b: 'two' });
});

t.test('a number grows into a wider one', async (t) => {
  const widths = ['int', 'long', 'float', 'double'];
  for (const [from, writer] of widths.entries()) {
    for (const reader of widths.slice(from)) {
      const fields = (type: string) => [{ name: 'n', type }];
      t.same(read(fields(reader), fields(writer), { n: 3 }), { n: 3 }, `${writer} as ${reader}`);
    }
  }
  t.throws(() => read([{ name: 'n', type: 'float' }], [{ name: 'n', type: 'double' }], { n: 3 }));
  t.throws(() => read([{ name: 'n', type: 'int' }], [{ name: 'n', type: 'long' }], { n: 3 }));
});

t.test('a field that the writer does not have takes its default, or there is no way', async (t) => {
  const currency = { name: 'currency', type: 'string', default: 'EUR' };
  t.same(read([text('a'), currency], [text('a')], { a: 'x' }), { a: 'x', currency: 'EUR' });
  const without = { name: 'currency', type: 'string' };
  t.throws(() => read([text('a'), without], [text('a')], { a: 'x' }), /currency/);
});

t.test('a field is known by a name that it had before', async (t) => {
  const item = { name: 'product', type: 'string', aliases: ['item'] };
  t.same(read([item], [text('item')], { item: 'x' }), { product: 'x' });
});

t.test('the record may stand in another namespace, and not have another name', async (t) => {
  t.same(read([text('a')], [text('a')], { a: 'x' }, 'org.other.Order'), { a: 'x' });
  t.throws(() => read([text('a')], [text('a')], { a: 'x' }, 'com.example.Invoice'), /Invoice/);
});

t.test('a writer that may say null is read; its null is the value', async (t) => {
  for (const type of [
    ['null', 'string'],
    ['string', 'null'],
  ]) {
    const writer = [{ name: 'a', type }];
    t.same(read([text('a')], writer, { a: 'x' }), { a: 'x' });
    t.same(read([text('a')], writer, { a: null }), { a: null });
  }
});

t.test('a union of several numbers, or of several records, is no obstacle', async (t) => {
  const point = (name: string) => ({ type: 'record', name, fields: [{ name: 'x', type: 'int' }] });
  const writer = [
    { name: 'where', type: [point('P'), point('Q')] },
    { name: 'n', type: ['int', 'float', 'double'] },
  ];
  const reader = createReaderSchema(JSON.stringify(record([{ name: 'n', type: 'double' }])));
  const resolved = reader.resolve({ text: JSON.stringify(record(writer)), references: [] });
  t.match(resolved.decode(Buffer.from('0208000a', 'hex')), { value: { n: 5 } });
  t.match(resolved.decode(Buffer.from('0208020000c03f', 'hex')), { value: { n: 1.5 } });
});

t.test('an enum is read by its symbols, of which an unknown one takes the default', async (t) => {
  const kind = (symbols: string[], more = {}) => [
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols, ...more } },
  ];
  t.same(read(kind(['A', 'B', 'C']), kind(['C', 'A']), { kind: 'C' }), { kind: 'C' });
  t.same(read(kind(['A'], { default: 'A' }), kind(['A', 'Z']), { kind: 'Z' }), { kind: 'A' });
  t.throws(() => read(kind(['A']), kind(['A', 'Z']), { kind: 'Z' }));
});

t.test('a decimal keeps the scale of its writer, in bytes and in a fixed', async (t) => {
  const decimal = (scale: number, more: object = { type: 'bytes' }) => ({
    ...more,
    logicalType: 'decimal',
    precision: 9,
    scale,
  });
  const reader = [{ name: 'price', type: ['double', decimal(4)] }];
  const cents = decimalOf(-1999n, 2).unscaled;
  const written = read(reader, [{ name: 'price', type: decimal(2) }], { price: cents });
  t.same(written, { price: { unscaled: cents, scale: 2 } });
  const fixed = decimal(3, { type: 'fixed', name: 'Money', size: 3 });
  const inFixed = read(reader, [{ name: 'price', type: fixed }], { price: Buffer.of(0, 0, 7) });
  t.equal(decimalText((inFixed as { price: Decimal }).price), '0.007');
  t.same(read(reader, [{ name: 'price', type: 'int' }], { price: 3 }), { price: 3 });
  const wrong = [{ name: 'price', type: decimal(99) }];
  t.throws(() => read(reader, wrong, { price: cents }), 'a scale that nobody needs is no decimal');
});

t.test('a decimal in whole units, halves away from zero', async (t) => {
  for (const [unscaled, scale, units] of [
    [1999n, 2, 199_900n],
    [5n, 5, 1n],
    [49_999n, 9, 0n],
    [50_000n, 9, 1n],
    [-5n, 5, -1n],
    [0n, 0, 0n],
    [123_456_789_012_345_678n, 4, 123_456_789_012_345_678n],
  ] as const) {
    t.equal(unitsOf(decimalOf(unscaled, scale), 4), units, `${unscaled} of scale ${scale}`);
  }
  t.equal(unitsOf({ unscaled: Buffer.alloc(0), scale: 2 }, 4), null);
  t.equal(unitsOf({ unscaled: Buffer.alloc(65), scale: 2 }, 4), null);
  t.same([...decimalOf(128n, 0).unscaled], [0, 128], 'two bytes: one would be below zero');
});

t.test('a schema in several parts is put together', async (t) => {
  const money = JSON.stringify(record([{ name: 'amount', type: 'double' }], 'com.example.Money'));
  const order = record([text('a'), { name: 'price', type: 'com.example.Money' }]);
  const reader = createReaderSchema(JSON.stringify(record([text('a')])));
  const writer = reader.resolve({ text: JSON.stringify(order), references: [money] });
  t.same(writer.decode(Buffer.from('0278' + '0000000000000000', 'hex')), { value: { a: 'x' } });
  t.throws(() => reader.resolve({ text: JSON.stringify(order), references: [] }), /Money/);
});

t.test('what means nothing of a writer may be wrong', async (t) => {
  const odd = [{ name: 'a', type: 'string', default: 7, doc: 'x', order: 'sideways' }];
  const reader = createReaderSchema(JSON.stringify(record([text('a')])));
  reader.resolve({ text: JSON.stringify(record(odd)), references: [] });
  for (const wrong of ['', '{', '"string"', '{"type":"record"}', 'null', '[]']) {
    t.throws(() => reader.resolve({ text: wrong, references: [] }), wrong);
  }
});

t.test('fingerprints are those of Avro', async (t) => {
  // From the reference implementation in Java, and from fastavro.
  for (const [schema, fingerprint] of [
    ['"int"', '7275d51a3f395c8f'],
    [readFileSync('avro/versions/1.avsc', 'utf8'), '9f72412dc007e331'],
    [readFileSync('avro/versions/2.avsc', 'utf8'), '96bf85e68da2a0f9'],
  ] as const) {
    t.equal(fingerprintText(fingerprintOfSchema(schema)), fingerprint);
  }
  const said = '{"type":"enum","name":"E","namespace":"n","symbols":["A"],"doc":"d","default":"A"}';
  const bare = '{"name":"n.E","type":"enum","symbols":["A"]}';
  t.equal(fingerprintOfSchema(said), fingerprintOfSchema(bare));
});

/** What a reader of `a` makes of these bytes, written with `writer`. */
function decode(writer: Field[], hex: string): unknown {
  const reader = createReaderSchema(JSON.stringify(record([text('a')])));
  const resolved = reader.resolve({ text: JSON.stringify(record(writer)), references: [] });
  return resolved.decode(Buffer.from(hex, 'hex'));
}

t.test('bytes that are no value are refused, with the field and at once', async (t) => {
  const list = (items: unknown) => [{ name: 'list', type: { type: 'array', items } }, text('a')];
  const many = 'feffffffffffff7f';
  for (const [words, writer, hex, found] of [
    ['cut', [text('a')], '0841', /^a ends behind the value/],
    ['a length below zero', [text('a')], '01', /^a has a length of -1/],
    ['a length without end', [text('a')], 'ff'.repeat(12), /^a has a number that does not end/],
    ['many items', list('long'), many, /^list has more than 65536 items/],
    ['many items of nothing', list('null'), many, /^list has more than/],
    ['many blocks of nothing', list('null'), 'ffff07'.repeat(4), /^list /],
    ['a block that leaps back', list('int'), '0101020000', /^list has 1 bytes of items, not -1/],
    ['a wrong branch', [{ name: 'u', type: ['null', 'int'] }, text('a')], '0408', /^u has branch/],
  ] as const) {
    t.match(decode([...writer], hex), { fault: 'malformed', found }, words);
  }
  t.match(decode([text('a')], '024100'), { fault: 'trailing', found: /^1 byte behind .* byte 2$/ });
  t.match(decode(list('int'), '03040204000241'), { value: { a: 'A' } }, 'a block with its length');
});

t.test('a schema that holds itself is read as deeply as anybody needs', async (t) => {
  const tree = [{ name: 'left', type: ['null', 'com.example.Order'] }, text('a')];
  t.match(decode(tree, '02000241' + '0242'), { value: { a: 'B' } });
  t.match(decode(tree, '02'.repeat(60_000)), { fault: 'malformed', found: /nested too deeply/ });
});

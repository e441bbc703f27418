import { readFileSync } from 'node:fs';
import t from 'tap';
import { Fault } from '../../server/log/fault.ts';
import { Unready } from '../../server/log/unready.ts';
import { encodeOrder } from '../../server/orders/order.ts';
import { createOrderDecoder } from '../../server/orders/order-decoder.ts';
import {
  type OrderSchema,
  publishedFingerprint,
  schemaOfAnswer,
} from '../../server/orders/order-schemas.ts';
import { createOrderWriter } from '../../server/orders/order-writer.ts';
import { registryHeader, singleObjectHeader } from '../../server/schemas/framing.ts';
import { fingerprintOfSchema } from '../../server/schemas/reader-schema.ts';
import { someOrder } from '../fixtures/some-order.ts';

const order = someOrder({ price: 2.5 });

const schema = (price: unknown, more: object[] = []) =>
  JSON.stringify({
    type: 'record',
    name: 'com.example.Order',
    fields: [
      ...more,
      { name: 'orderId', type: 'string' },
      { name: 'product', type: ['null', 'string'] },
      { name: 'price', type: price },
    ],
  });

const decimal = (scale: number) => ({
  type: 'bytes',
  logicalType: 'decimal',
  precision: 18,
  scale,
});

/** Schemas as a registry has them, by id. */
const registered = new Map<number, string>([
  [1, readFileSync('avro/versions/1.avsc', 'utf8')],
  [2, schema('double')],
  [3, schema(decimal(2))],
  [4, schema(['null', decimal(6)])],
  [5, schema('int', [{ name: 'note', type: ['null', 'string'], default: null }])],
  [6, schema('string')],
  [7, schema('double', [{ name: 'list', type: { type: 'array', items: 'null' } }])],
]);

const unready = new Unready(Promise.resolve());

function decoderWithRegistry() {
  const get = (id: number): OrderSchema | Fault | Unready => {
    if (id === 99) return unready;
    const text = registered.get(id);
    if (text === undefined) return schemaOfAnswer({ kind: 'absent', found: 'r does not know it' });
    return schemaOfAnswer({ kind: 'schema', type: 'AVRO', schema: { text, references: [] } });
  };
  return createOrderDecoder({ get, insist: () => unready });
}

const { decode, seen } = decoderWithRegistry();

const registry = (id: number, bytes: Buffer) => Buffer.concat([registryHeader(id), bytes]);
const single = (fingerprint: bigint, bytes: Buffer) =>
  Buffer.concat([singleObjectHeader(fingerprint), bytes]);
const written = (id: number, change: Partial<typeof order> = {}) =>
  registry(id, createOrderWriter(registered.get(id)!)({ ...order, ...change }));

/** Decodes amid other bytes. */
function read(value: Buffer): unknown {
  const around = Buffer.concat([Buffer.alloc(3, 2), value, Buffer.alloc(300, 2)]);
  const decoded = decode(around, 3, 3 + value.length);
  return decoded instanceof Fault ? decoded.text : decoded;
}

t.test('an order is the same however it is framed, and with whatever schema', async (t) => {
  const raw = encodeOrder(order);
  const double = readFileSync('avro/versions/2.avsc', 'utf8');
  const doubled = createOrderWriter(double)(order);
  const reader = readFileSync('avro/order.avsc', 'utf8');
  for (const [words, value] of Object.entries({
    raw,
    'single-object, published': single(publishedFingerprint, raw),
    'single-object, double': single(fingerprintOfSchema(double), doubled),
    'single-object, the reader': single(
      fingerprintOfSchema(reader),
      createOrderWriter(reader)(order),
    ),
    'registry, published': registry(1, raw),
    'registry, double': written(2),
    'registry, decimal': written(3),
    'registry, decimal or null': written(4),
  })) {
    t.same(read(value), order, words);
  }
  t.same(read(written(5)), { ...order, price: 3 });
});

t.test('a decimal counts as it is written, in ten-thousandths', async (t) => {
  t.match(read(written(3, { price: 16_777_217.01 })), { price: 16_777_217.01 });
  t.match(read(written(3, { price: 1e9 })), { price: 1e9 });
  t.equal(
    read(written(3, { price: 1e9 + 0.01 })),
    'PRICE_TOO_BIG: Schema Registry framing, schema 3: price is 1000000000.01, at most 1000000000',
  );
  t.match(read(written(4, { price: 0.000051 })), { price: 0.0001 });
  t.equal(
    read(written(3, { price: -0.01 })),
    'PRICE_NEGATIVE: Schema Registry framing, schema 3: price is -0.01',
  );
});

t.test('a dead letter says which framing it was, which schema, and what was wrong', async (t) => {
  const raw = encodeOrder(order);
  const noBytes = Buffer.from('0000', 'hex');
  for (const [value, text] of [
    [raw.subarray(1), /^MALFORMED: raw Avro: the value ends inside the record/],
    [
      Buffer.of(0),
      'MALFORMED: Schema Registry framing: the value ends inside the framing, after 1 of 5 bytes',
    ],
    [singleObjectHeader(1n).subarray(0, 9), /^MALFORMED: single-object encoding: .* 9 of 10 bytes/],
    [
      registry(1, Buffer.alloc(0)),
      'MALFORMED: Schema Registry framing, schema 1: nothing follows the framing',
    ],
    [
      registry(1, raw.subarray(0, -1)),
      /^MALFORMED: Schema Registry framing, schema 1: the value ends/,
    ],
    [registry(2, raw), /^MALFORMED: Schema Registry framing, schema 2: product has branch/],
    [Buffer.concat([written(2), noBytes]), /^TRAILING: Schema Registry framing, schema 2: 2 bytes/],
    [
      single(publishedFingerprint, raw.subarray(2)),
      /^MALFORMED: single-object encoding, schema 9f72412dc007e331: /,
    ],
    [
      single(7n, raw),
      'SCHEMA_UNKNOWN: single-object encoding, schema 0000000000000007: it is none of avro/versions',
    ],
    [registry(8, raw), 'SCHEMA_UNKNOWN: Schema Registry framing, schema 8: r does not know it'],
    [registry(6, raw), /^SCHEMA_INCOMPATIBLE: Schema Registry framing, schema 6: .*string/],
    [
      written(2, { orderId: ' ' }),
      /^FIELD_EMPTY: Schema Registry framing, schema 2: orderId is empty/,
    ],
    [registry(2, Buffer.from('0241000000000000000000', 'hex')), /^FIELD_EMPTY: .*product is null/],
    [registry(4, Buffer.from('024102024100', 'hex')), /^PRICE_NOT_FINITE: .*price is null/],
    [registry(3, Buffer.from('024102024100', 'hex')), /^PRICE_NOT_FINITE: .*price has no bytes/],
    [
      registry(2, Buffer.from('02ff0202410000000000000440', 'hex')),
      /^NON_CANONICAL: .*orderId is not UTF-8/,
    ],
    [registry(7, Buffer.from('feffffffffffff7f', 'hex')), /^MALFORMED: .*list has more than/],
  ] as const) {
    t.match(read(value), text, String(text));
  }
});

t.test('text that holds the sign for what is no text is text', async (t) => {
  t.match(read(written(2, { product: '\ufffd' })), { product: '\ufffd' });
});

t.test('a fingerprint does not tell the scale of a decimal, so none is guessed', async (t) => {
  const reader = fingerprintOfSchema(readFileSync('avro/order.avsc', 'utf8'));
  const value = Buffer.concat([encodeOrder(order).subarray(0, -4), Buffer.of(2, 2, 99)]);
  t.match(read(single(reader, value)), /^SCHEMA_INCOMPATIBLE: single-object .*scale of a decimal/);
});

t.test('what the registry has not answered yet is waited for', async (t) => {
  const value = registry(99, encodeOrder(order));
  t.equal(decode(value, 0, value.length), unready);
});

t.test('without a registry no id means anything', async (t) => {
  const value = registry(1, encodeOrder(order));
  t.match(createOrderDecoder(null).decode(value, 0, value.length), {
    reason: { code: 'SCHEMA_UNKNOWN', stage: 'decode' },
    found: /^Schema Registry framing, schema 1: .*SCHEMA_REGISTRY_URL/,
  });
});

t.test('a registry that gives no Avro, or no schema, gives no order', async (t) => {
  const answer = (type: string, text: string) =>
    schemaOfAnswer({ kind: 'schema', type, schema: { text, references: [] } });
  t.match(answer('PROTOBUF', 'syntax'), { reason: { code: 'SCHEMA_INCOMPATIBLE' } });
  t.match(answer('AVRO', '{'), { reason: { code: 'SCHEMA_INCOMPATIBLE' } });
  const deep = `${'{"type":"array","items":'.repeat(5000)}"int"${'}'.repeat(5000)}`;
  t.match(answer('AVRO', deep), { reason: { code: 'SCHEMA_INCOMPATIBLE' } });
});

t.test(
  'every kind of value that was seen is counted, and those without a schema as one',
  async (t) => {
    const decoder = decoderWithRegistry();
    const raw = encodeOrder(order);
    for (const value of [
      raw,
      raw.subarray(1),
      written(2),
      written(2),
      registry(8, raw),
      registry(9, raw),
      registry(6, raw),
      single(publishedFingerprint, raw),
      Buffer.alloc(0),
    ]) {
      decoder.decode(value, 0, value.length);
    }
    const name = 'com.example.Order';
    const none = { fingerprint: null, name: null };
    t.match(decoder.seen(), [
      { framing: 'raw', id: null, fingerprint: '9f72412dc007e331', name, decoded: 1, refused: 1 },
      { framing: 'registry', id: 2, name, decoded: 2, refused: 0 },
      { framing: 'registry', id: null, ...none, decoded: 0, refused: 2 },
      { framing: 'registry', id: 6, ...none, decoded: 0, refused: 1 },
      {
        framing: 'single-object',
        id: null,
        fingerprint: '9f72412dc007e331',
        name,
        decoded: 1,
        refused: 0,
      },
    ]);
    t.equal(decoder.seen().length, 5);
    t.ok(seen().length > 5);
  },
);

t.test('an id that is unknown now can be asked for on, and nothing else can', async (t) => {
  const raw = encodeOrder(order);
  const fault = (value: Buffer, decoder = decoderWithRegistry()) =>
    decoder.decode(value, 0, value.length) as Fault;
  t.equal(fault(registry(8, raw)).askOn?.(), unready);
  t.equal(fault(registry(6, raw)).askOn, undefined, 'known, and no order');
  t.equal(fault(single(1n, raw)).askOn, undefined, 'known to nobody, ever');
  t.equal(fault(registry(8, raw), createOrderDecoder(null)).askOn, undefined, 'nobody to ask');
});

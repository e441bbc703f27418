import { readFileSync } from 'node:fs';
import avro from 'avsc';
import t from 'tap';
import { Unready } from '../../server/log/unready.ts';
import { createOrderInspector } from '../../server/orders/inspect-order.ts';
import { encodeOrder } from '../../server/orders/order.ts';
import { createOrderDecoder } from '../../server/orders/order-decoder.ts';
import { publishedFingerprint, schemaOfAnswer } from '../../server/orders/order-schemas.ts';
import { registryHeader, singleObjectHeader } from '../../server/schemas/framing.ts';

const order = { orderId: 'A1', product: 'Item1', price: 2.5 };
const PUBLISHED = JSON.parse(readFileSync('avro/versions/1.avsc', 'utf8')) as object;

/** A writer with fields of its own in an order of its own. */
const WRITER = {
  type: 'record',
  name: 'shop.Order',
  fields: [
    { name: 'price', type: ['null', 'double'] },
    { name: 'token', type: { type: 'fixed', name: 'Token', size: 2 } },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'paid', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
    { name: 'product', type: 'string' },
    { name: 'orderId', type: 'string' },
  ],
} as const;

const { inspect } = createOrderInspector(
  createOrderDecoder({
    get: (id) =>
      schemaOfAnswer(
        id === 7
          ? {
              kind: 'schema',
              type: 'AVRO',
              schema: { text: JSON.stringify(WRITER), references: [] },
            }
          : { kind: 'absent', found: 'r does not know it' },
      ),
    insist: () => new Unready(Promise.resolve()),
  }),
);

const written = (price: unknown) =>
  avro.Type.forSchema(WRITER as unknown as avro.Schema, { wrapUnions: 'always' }).toBuffer({
    ...{ price, token: Buffer.of(1, 0xab), tags: ['new'], paid: Buffer.of(0x04, 0xd2) },
    ...{ product: 'Item1', orderId: 'A1' },
  });
const fromRegistry = (value: Buffer, id = 7) => Buffer.concat([registryHeader(id), value]);

t.test('without framing it is the published format, with the places of the fields', async (t) => {
  const found = inspect(encodeOrder(order));
  t.match(found, {
    writer: { framing: 'raw', id: null, fingerprint: '9f72412dc007e331', schema: PUBLISHED },
    fields: [
      { name: 'orderId', value: 'A1', at: 0 },
      { name: 'product', value: 'Item1', at: 3 },
      { name: 'price', value: 2.5, at: 9 },
    ],
    fault: null,
    stoppedAt: null,
  });
});

t.test('an order that Avro has resolved is shown as a handler is given it', async (t) => {
  const found = inspect(fromRegistry(written({ double: 2.5 })));
  t.match(found, { fault: null, stoppedAt: null });
  t.match(found.writer, { framing: 'registry', id: 7, name: 'shop.Order', schema: WRITER });
  t.same(
    found.fields,
    Object.entries(order).map(([name, value]) => ({ name, value, at: null })),
  );
});

t.test("what is no order is shown as far as its writer's schema goes", async (t) => {
  const whole = fromRegistry(written(null));
  const found = inspect(whole);
  t.match(found.fault, /PRICE_NOT_FINITE/);
  t.same(found.fields, [
    { name: 'price', value: null, at: 5 },
    { name: 'token', value: '01ab', at: 6 },
    { name: 'tags', value: ['new'], at: 8 },
    { name: 'paid', value: '12.34', at: 14 },
    { name: 'product', value: 'Item1', at: 17 },
    { name: 'orderId', value: 'A1', at: 23 },
  ]);
  t.equal(found.stoppedAt, null);
  const cut = inspect(whole.subarray(0, 20));
  t.match(cut, { stoppedAt: 17, fault: /MALFORMED/ });
  t.equal(cut.fields.length, 4);
  t.equal(inspect(Buffer.concat([whole, Buffer.of(9)])).stoppedAt, whole.length);
  t.match(inspect(fromRegistry(written({ double: Number.NaN }))).fields[0], { value: 'NaN' });
});

t.test('a count that the bytes claim is not believed', async (t) => {
  const claim = Buffer.from([0, 1, 0xab, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x1f]);
  t.match(inspect(fromRegistry(claim)), { stoppedAt: 8, fields: { length: 2 } });
});

t.test('where nobody knows the schema, that much is said', async (t) => {
  const unknown = { fingerprint: null, name: null, schema: null };
  t.match(inspect(fromRegistry(Buffer.of(1), 8)), {
    writer: { framing: 'registry', id: 8, ...unknown },
    fields: [],
    stoppedAt: 5,
  });
  t.match(inspect(Buffer.concat([singleObjectHeader(1n), Buffer.of(1)])).writer, {
    ...{ framing: 'single-object', id: null, ...unknown },
  });
  t.match(inspect(Buffer.of(0, 0, 0)), {
    writer: { framing: 'registry', id: null, ...unknown },
    stoppedAt: 3,
    fault: /ends inside the framing/,
  });
  const known = Buffer.concat([singleObjectHeader(publishedFingerprint), encodeOrder(order)]);
  t.match(inspect(known).writer, { framing: 'single-object', fingerprint: '9f72412dc007e331' });
});

t.test('what has no bytes was written with nothing', async (t) => {
  t.match(inspect(null), { writer: null, fields: [], stoppedAt: 0, fault: /^TOMBSTONE/ });
  t.match(inspect(Buffer.alloc(0)), { writer: null, fields: [], stoppedAt: 0, fault: /^EMPTY/ });
});

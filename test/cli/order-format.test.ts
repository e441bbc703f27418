import t from 'tap';
import { type OrderFormat, openOrderFormat } from '../../server/cli/order-format.ts';
import { encodeOrder } from '../../server/orders/order.ts';
import { fakeRegistry, notFound } from '../fixtures/fake-registry.ts';
import { someOrder } from '../fixtures/some-order.ts';

const order = someOrder({ price: 2.5 });

const open = (change: Partial<OrderFormat>) =>
  openOrderFormat(
    { framing: 'raw', schemaFile: undefined, register: false, registry: null, ...change },
    'orders',
  );

t.test('an order is written as its format says', async (t) => {
  t.same((await open({}))(order), encodeOrder(order));
  const single = await open({ framing: 'single-object', schemaFile: 'avro/versions/1.avsc' });
  t.equal(
    single(order).toString('hex'),
    `c30131e307c02d41729f${encodeOrder(order).toString('hex')}`,
  );
});

t.test(
  'the id of a schema is asked for, or the schema put there when that is wanted',
  async (t) => {
    const fake = await fakeRegistry(t);
    const framing = 'registry';
    const schemaFile = 'avro/versions/1.avsc';
    const registry = { url: fake.url, authorization: null };
    await t.rejects(open({ framing, schemaFile, registry }), /under orders-value: --register/);
    fake.answers.set('/subjects/orders-value', { body: { subject: 'orders-value', id: 9 } });
    const found = await open({ framing, schemaFile, registry });
    t.equal(found(order).toString('hex', 0, 5), '0000000009');
    fake.answers.set('/subjects/orders-value', notFound);
    fake.answers.set('/subjects/orders-value/versions', { body: { id: 10 } });
    const put = await open({ framing, schemaFile, registry, register: true });
    t.equal(put(order).toString('hex', 0, 5), '000000000a');
  },
);

t.test('a schema with which no order can be written is refused with words', async (t) => {
  const folder = t.testdir({
    'text.avsc': '"string"',
    'more.avsc': JSON.stringify({
      type: 'record',
      name: 'Order',
      fields: [{ name: 'warehouse', type: 'string' }],
    }),
    'price.avsc': JSON.stringify({
      type: 'record',
      name: 'Order',
      fields: [{ name: 'price', type: 'string' }],
    }),
    'broken.avsc': '{',
  });
  for (const [file, words] of [
    ['nowhere.avsc', /^the schema cannot be read: ENOENT/],
    ['text.avsc', /text.avsc: the schema is no record/],
    ['more.avsc', /the field warehouse, which has no default/],
    ['price.avsc', /a price cannot be written as string/],
    ['broken.avsc', /broken.avsc: /],
  ] as const) {
    await t.rejects(open({ framing: 'single-object', schemaFile: `${folder}/${file}` }), {
      code: 'SCHEMA',
      message: words,
    });
  }
});

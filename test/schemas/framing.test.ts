import fc from 'fast-check';
import t from 'tap';
import { decodeOrder } from '../../server/orders/decode-order.ts';
import {
  framingOf,
  readFingerprint,
  readSchemaId,
  registryHeader,
  singleObjectHeader,
} from '../../server/schemas/framing.ts';
import { encodeSomeOrder } from '../fixtures/some-order.ts';

t.test('a header is known again, with what it names', async (t) => {
  const registry = Buffer.concat([Buffer.of(9), registryHeader(0xfedcba98), Buffer.of(1)]);
  t.equal(framingOf(registry, 1, registry.length), 'registry');
  t.equal(readSchemaId(registry, 1), 0xfedcba98);
  t.same([...registry.subarray(1, 6)], [0, 0xfe, 0xdc, 0xba, 0x98], 'big endian');
  const single = singleObjectHeader(0x0123456789abcdefn);
  t.equal(single.toString('hex'), 'c301efcdab8967452301', 'little endian');
  t.equal(framingOf(single, 0, single.length), 'single-object');
  t.equal(readFingerprint(single, 0), 0x0123456789abcdefn);
});

t.test('an order without framing begins with no mark', async (t) => {
  const text = fc.string({ minLength: 1, maxLength: 300, unit: 'binary' });
  const order = fc.record({ orderId: text, product: text, price: fc.float() });
  fc.assert(
    fc.property(order, (one) => {
      const bytes = encodeSomeOrder(one);
      return framingOf(bytes, 0, bytes.length) === 'raw';
    }),
  );
  // What begins with a mark has no first text: whatever follows, it is no order.
  for (const mark of ['00', 'c301']) {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (rest) => {
        const bytes = Buffer.concat([Buffer.from(mark, 'hex'), rest]);
        return 'reason' in decodeOrder(bytes, 0, bytes.length);
      }),
    );
  }
  t.pass();
});

t.test('half a mark is none, and bytes behind the value are not looked at', async (t) => {
  t.equal(framingOf(Buffer.of(0xc3, 0x01), 0, 1), 'raw');
  t.equal(framingOf(Buffer.of(0xc3, 0x02), 0, 2), 'raw');
  t.equal(framingOf(Buffer.of(0xc3, 0x81, 0x00), 0, 3), 'raw');
});

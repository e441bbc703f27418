import { deepStrictEqual } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { Fault } from '../../server/log/fault.ts';
import { decodeAnyOrder, decodeOrder } from '../../server/orders/decode-order.ts';
import { encodeOrder, type Order } from '../../server/orders/order.ts';
import { createOrderDecoder } from '../../server/orders/order-decoder.ts';
import { REASONS } from '../../server/orders/reasons.ts';
import { contentOf, encodeSomeOrder, someOrder } from '../fixtures/some-order.ts';

type Case = { name: string; hex: string; expect: string };

const corpus = JSON.parse(readFileSync('test/fixtures/corpus/avro-values.json', 'utf8')) as Case[];

const { decode } = createOrderDecoder(null);

function codeOf(bytes: Buffer, start: number, end: number): string {
  const order = decode(bytes, start, end);
  return order instanceof Fault ? order.reason.code : 'OK';
}

/** Hex, or `00 x 65537` for a byte repeated. */
function bytesOf(hex: string): Buffer {
  const [byte = '', times] = hex.split(' x ');
  return times === undefined ? Buffer.from(hex, 'hex') : Buffer.alloc(Number(times), byte, 'hex');
}

t.test('every value of the corpus gets its code, alone and between other bytes', async (t) => {
  for (const { name, hex, expect } of corpus) {
    const value = bytesOf(hex);
    t.equal(codeOf(value, 0, value.length), expect, name);
    const around = Buffer.concat([Buffer.alloc(7, 2), value, Buffer.alloc(300, 2)]);
    t.equal(codeOf(around, 7, 7 + value.length), expect, `${name}, inside a larger buffer`);
  }
});

t.test('an order comes back as it was encoded', async (t) => {
  const order = someOrder({ orderId: 'größe-1', product: 'naïve café', price: 12.5 });
  const bytes = encodeOrder(order);
  t.same(decodeOrder(bytes, 0, bytes.length), order);
});

t.test('no value is a tombstone', async (t) => {
  t.match(decodeOrder(Buffer.alloc(0), -1, -1), { reason: { code: 'TOMBSTONE', stage: 'decode' } });
});

t.test('a value above 64 KiB is refused, one of 64 KiB is read', async (t) => {
  const bytes = Buffer.alloc(64 * 1024 + 1);
  t.match(decodeOrder(bytes, 0, bytes.length), { reason: REASONS.TOO_BIG });
  t.notMatch(decodeOrder(bytes, 0, bytes.length - 1), { reason: REASONS.TOO_BIG });
});

t.test('the reason starts with the code and says what was found', async (t) => {
  const bytes = encodeSomeOrder({ orderId: 'A\u0007', product: 'P', price: 1 });
  t.match(decodeOrder(bytes, 0, bytes.length), {
    text: 'FIELD_CTRL: orderId has control character U+0007 at 1',
  });
});

t.test('text cut inside a character is not canonical even when the length fits', async (t) => {
  const bytes = Buffer.from([2, 0x41, 6, 0xf0, 0x90, 0x80, 0, 0, 0x80, 0x3f]);
  t.match(decodeOrder(bytes, 0, bytes.length), { reason: REASONS.NON_CANONICAL });
  const replacement = encodeSomeOrder({ orderId: 'A', product: '\ufffd', price: 1 });
  t.match(decodeOrder(replacement, 0, replacement.length), { product: '\ufffd' });
});

t.test('the quick way never differs from the one by the book', async (t) => {
  const text = fc.oneof(
    fc.string({ maxLength: 70 }),
    fc.string({ maxLength: 5, unit: 'binary' }),
    fc.constantFrom('', ' ', ' a', 'a ', 'a\u007f', 'a\u001f', '~', '__proto__'),
    fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('a', 'b', ' ', '~', '\u001f') }),
  );
  const price = fc.oneof(fc.float(), fc.constantFrom(0, -0, 1e9, 1.0000001e9, Number.NaN));
  const order = fc.record({ orderId: text, product: text, price });
  const cut = fc.tuple(order, fc.nat(80)).map(([one, at]) => encodeSomeOrder(one).subarray(0, at));
  const spoilt = fc.tuple(order, fc.nat(80), fc.nat(255)).map(([one, at, byte]) => {
    const bytes = encodeSomeOrder(one);
    bytes[at % bytes.length] = byte;
    return bytes;
  });
  const value = fc.oneof(order.map(encodeSomeOrder), cut, spoilt, fc.uint8Array().map(Buffer.from));
  fc.assert(
    fc.property(value, fc.nat(9), (bytes, before) => {
      const around = Buffer.concat([Buffer.alloc(before, 6), bytes, Buffer.alloc(20, 6)]);
      const end = before + bytes.length;
      const order = decodeOrder(around, before, end);
      const expected = contentOf(decodeAnyOrder(around, before, end));
      // Whoever keeps an order keeps it as it came, whatever becomes of the bytes.
      around.fill(0x41);
      deepStrictEqual(contentOf(order), expected);
    }),
    { numRuns: Number(process.env.ORDER_RUNS ?? 3000) },
  );
  t.pass('in all of them');
});

t.test('an order is shown and written whole, although its fields are made on demand', async (t) => {
  const content = someOrder({ orderId: '100001', price: 2.5 });
  const bytes = Buffer.concat([encodeOrder(content), Buffer.alloc(8)]);
  const order = decodeOrder(bytes, 0, bytes.length - 8);
  t.notSame(Object.keys(order), Object.keys(content), 'this one is made on demand');
  t.same(JSON.parse(JSON.stringify(order)), content);
  t.equal(inspect(order), inspect(content));
});

t.test('more names than are kept stay apart', async (t) => {
  for (let round = 0; round < 2; round += 1) {
    for (let n = 0; n < 400_000; n += 1) {
      // Alike in their first eight bytes, so that all of the others have to be looked at.
      const name = n % 2 === 0 ? `P${n}` : `of-a-long-name-${n >> 3}`;
      const bytes = encodeSomeOrder({ orderId: '1234567', product: name });
      const order = decodeOrder(bytes, 0, bytes.length);
      if ((order as Order).product !== name) t.fail(`${name} came back as ${inspect(order)}`);
    }
  }
});

/** How many bytes become text while `work` runs. */
function bytesDecoded(work: () => void): number {
  const prototype = Buffer.prototype as unknown as {
    utf8Slice(from: number, to: number): string;
  };
  const original = prototype.utf8Slice;
  let bytes = 0;
  prototype.utf8Slice = function (from, to) {
    bytes += to - from;
    return original.call(this, from, to);
  };
  try {
    work();
  } finally {
    prototype.utf8Slice = original;
  }
  return bytes;
}

t.test('what a length claims beyond its value is not even looked at', async (t) => {
  // orderId of 30,000 bytes, of which 4 are there; behind the value there would be enough.
  const value = Buffer.from('e0d403414243', 'hex');
  const batch = Buffer.concat([value, Buffer.alloc(60_000, 'x')]);
  const touched = bytesDecoded(() => {
    t.match(decodeOrder(batch, 0, value.length), { reason: REASONS.MALFORMED });
  });
  t.ok(touched <= value.length, `${touched} bytes of ${value.length}`);
});

t.test('the answer for a value is the same alone and between any other bytes', async (t) => {
  const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map((each) => Buffer.from(each));
  const length = fc.oneof(fc.nat(40), fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }).map(Number));
  const varint = length.map((value) => {
    let rest = value < 0 ? -2 * value - 1 : value * 2;
    const long: number[] = [];
    for (; rest >= 128; rest = Math.floor(rest / 128)) long.push((rest % 128) + 128);
    return Buffer.from([...long, rest]);
  });
  const piece = fc.oneof(bytes(12), varint, fc.constant(Buffer.from('Item1')));
  const value = fc.array(piece, { maxLength: 6 }).map((pieces) => Buffer.concat(pieces));
  fc.assert(
    fc.property(value, bytes(30), bytes(300), (bytes, before, after) => {
      const around = Buffer.concat([before, bytes, after]);
      const end = before.length + bytes.length;
      let inside: unknown;
      const touched = bytesDecoded(() => {
        inside = decodeOrder(around, before.length, end);
      });
      t.same(inside, decodeOrder(bytes, 0, bytes.length));
      if (touched > bytes.length) t.fail(`${touched} bytes decoded of ${bytes.length}`);
    }),
    { numRuns: 3000 },
  );
});

t.test('no number is not finite, however it is written', async (t) => {
  const [quiet, signalling] = [0x400000, 1];
  for (const sign of [0, 0x80000000])
    for (const payload of [quiet, signalling, 0x7fffff, 0x3fffff, 0x400001, 0x200000]) {
      const bytes = encodeSomeOrder({ orderId: 'A', product: 'P', price: 1 });
      bytes.writeUInt32LE((sign | 0x7f800000 | payload) >>> 0, bytes.length - 4);
      t.match(decodeOrder(bytes, 0, bytes.length), {
        reason: REASONS.PRICE_NOT_FINITE,
        text: 'PRICE_NOT_FINITE: price is NaN',
      });
    }
  const overLong = Buffer.from('8200410250 0100807f'.replace(' ', ''), 'hex');
  t.match(decodeOrder(overLong, 0, overLong.length), { reason: REASONS.NON_CANONICAL });
});

t.test('a fault counts its bytes in words', async (t) => {
  const bytes = Buffer.concat([
    encodeSomeOrder({ orderId: 'A', product: 'P', price: 1 }),
    Buffer.alloc(2),
  ]);
  t.match(decodeOrder(bytes, 0, 9), {
    text: 'TRAILING: 1 byte behind the record, which ends at byte 8',
  });
  t.match(decodeOrder(bytes, 0, 10), { text: /: 2 bytes behind/ });
  t.match(decodeOrder(bytes, 0, 1), { text: /inside the record, after 1 byte$/ });
});

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { decodeAnyOrder, decodeOrder, encodeOrder, isFault } from '../../server/domain/order.ts';

type Case = { name: string; hex: string; framed: boolean; expect: string };

const corpus = JSON.parse(readFileSync('test/fixtures/corpus/avro-values.json', 'utf8')) as Case[];

function codeOf(bytes: Buffer, start: number, end: number): string {
  const order = decodeOrder(bytes, start, end);
  return isFault(order) ? order.code : 'OK';
}

/** Hex, or `00 x 65537` for a byte repeated. */
function bytesOf(hex: string): Buffer {
  const [byte = '', times] = hex.split(' x ');
  return times === undefined ? Buffer.from(hex, 'hex') : Buffer.alloc(Number(times), byte, 'hex');
}

t.test('every value of the corpus gets its code, alone and between other bytes', async (t) => {
  for (const { name, hex, framed, expect } of corpus) {
    if (framed) continue;
    const value = bytesOf(hex);
    t.equal(codeOf(value, 0, value.length), expect, name);
    const around = Buffer.concat([Buffer.alloc(7, 2), value, Buffer.alloc(300, 2)]);
    t.equal(codeOf(around, 7, 7 + value.length), expect, `${name}, inside a larger buffer`);
  }
});

t.test('an order comes back as it was encoded', async (t) => {
  const order = { orderId: 'größe-1', product: 'naïve café', price: 12.5 };
  const bytes = encodeOrder(order);
  t.same(decodeOrder(bytes, 0, bytes.length), order);
});

t.test('no value is a tombstone', async (t) => {
  t.match(decodeOrder(Buffer.alloc(0), -1, -1), { code: 'TOMBSTONE', stage: 'decode' });
});

t.test('a value above 64 KiB is refused, one of 64 KiB is read', async (t) => {
  const bytes = Buffer.alloc(64 * 1024 + 1);
  t.match(decodeOrder(bytes, 0, bytes.length), { code: 'TOO_BIG' });
  t.notMatch(decodeOrder(bytes, 0, bytes.length - 1), { code: 'TOO_BIG' });
});

t.test('the reason starts with the code and says what was found', async (t) => {
  const bytes = encodeOrder({ orderId: 'A\u0007', product: 'P', price: 1 });
  t.match(decodeOrder(bytes, 0, bytes.length), {
    reason: 'FIELD_CTRL: orderId has control character U+0007 at 1',
  });
});

t.test('text cut inside a character is not canonical even when the length fits', async (t) => {
  const bytes = Buffer.from([2, 0x41, 6, 0xf0, 0x90, 0x80, 0, 0, 0x80, 0x3f]);
  t.match(decodeOrder(bytes, 0, bytes.length), { code: 'NON_CANONICAL' });
  const replacement = encodeOrder({ orderId: 'A', product: '\ufffd', price: 1 });
  t.match(decodeOrder(replacement, 0, replacement.length), { product: '\ufffd' });
});

t.test('the quick way never differs from the one by the book', async (t) => {
  const text = fc.oneof(
    fc.string({ maxLength: 70 }),
    fc.string({ maxLength: 5, unit: 'binary' }),
    fc.constantFrom('', ' ', ' a', 'a ', 'a\u007f', 'a\u001f', '~', '__proto__'),
  );
  const price = fc.oneof(fc.float(), fc.constantFrom(0, -0, 1e9, 1.0000001e9, Number.NaN));
  const order = fc.record({ orderId: text, product: text, price });
  const cut = fc.tuple(order, fc.nat(80)).map(([one, at]) => encodeOrder(one).subarray(0, at));
  const spoilt = fc.tuple(order, fc.nat(80), fc.nat(255)).map(([one, at, byte]) => {
    const bytes = encodeOrder(one);
    bytes[at % bytes.length] = byte;
    return bytes;
  });
  const value = fc.oneof(order.map(encodeOrder), cut, spoilt, fc.uint8Array().map(Buffer.from));
  fc.assert(
    fc.property(value, fc.nat(9), (bytes, before) => {
      const around = Buffer.concat([Buffer.alloc(before, 6), bytes, Buffer.alloc(20, 6)]);
      const end = before + bytes.length;
      t.same(decodeOrder(around, before, end), decodeAnyOrder(around, before, end));
    }),
    { numRuns: 3000 },
  );
});

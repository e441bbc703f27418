import fc from 'fast-check';
import t from 'tap';
import { packOffsets, unpackOffsets } from '../../server/log/packed-offsets.ts';

const MAX_OFFSET = 2 ** 50;

t.test('what was packed comes back', async () => {
  const steps = fc.oneof(fc.constant(1), fc.nat({ max: 300 }), fc.nat({ max: 2 ** 40 }));
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 200 }), (steps) => {
      let last = -1;
      const offsets = Float64Array.from(steps, (step) => (last += Math.max(1, step)));
      const packed = packOffsets(offsets);
      return (
        Buffer.compare(Buffer.from(unpackOffsets(packed).buffer), Buffer.from(offsets.buffer)) === 0
      );
    }),
  );
});

t.test('the greatest offset fits, alone and at the end of a run', async (t) => {
  for (const offsets of [[MAX_OFFSET], [0, MAX_OFFSET], [MAX_OFFSET - 1, MAX_OFFSET]]) {
    t.same([...unpackOffsets(packOffsets(Float64Array.from(offsets)))], offsets);
  }
});

t.test('a run takes few bytes however long it is, a scattered offset one or two', async (t) => {
  const run = Float64Array.from({ length: 1_000_000 }, (_, i) => 5000 + i);
  t.ok(packOffsets(run).length <= 6);
  const scattered = Float64Array.from({ length: 100_000 }, (_, i) => i * 7);
  t.equal(packOffsets(scattered).length, 100_000);
  t.equal(packOffsets(new Float64Array(0)).length, 0);
});

t.test('bytes that nobody packed are refused, before they cost memory', async (t) => {
  const refused: [string, number[], RegExp][] = [
    ['a number that ends in the middle', [0x80], /inside a number/],
    ['a run without its length', [0x01], /inside a number/],
    ['a number without an end', Array(9).fill(0xff), /without an end/],
    ['an offset that is too great', [...Array(7).fill(0xfe), 0x7f], /beyond 2\^51/],
    ['more offsets than anybody has', [0x01, 0xff, 0xff, 0xff, 0xff, 0x7f], /offsets/],
  ];
  for (const [what, bytes, words] of refused) {
    t.throws(() => unpackOffsets(Buffer.from(bytes)), { name: 'RangeError', message: words }, what);
  }
});

t.test('any bytes are unpacked or refused', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      try {
        const offsets = unpackOffsets(Buffer.from(bytes));
        return offsets.every((offset, i) => offset >= 0 && (i === 0 || offset > offsets[i - 1]!));
      } catch (error) {
        return error instanceof RangeError;
      }
    }),
  );
});

// What a checkpoint claims is believed only as far as there are bytes.
import fc from 'fast-check';
import t from 'tap';
import { decodeSummary, encodeCheckpoint } from '../../server/log/checkpoint.ts';
import { decodeStamp } from '../../server/log/checkpoint-stamp.ts';
import { diffProducts, NO_PRODUCTS } from '../../server/orders/averages-codec.ts';
import { finish } from '../fixtures/finish.ts';
import { readCheckpoint, someCheckpoint } from '../fixtures/orders.ts';

/** A zigzag varint. */
function long(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value < 0n ? -2n * value - 1n : 2n * value;
  for (; rest >= 128n; rest /= 128n) bytes.push(Number(rest % 128n) + 128);
  return Buffer.from([...bytes, Number(rest)]);
}

const bytes = encodeCheckpoint(
  someCheckpoint({
    nextOffset: 10,
    lost: [{ from: 1, to: 2, count: 1 }],
    gapRanges: [{ from: 4, to: 6, count: 2 }],
    pending: [{ offset: 3, attempts: 1, firstFailedAt: 0, dueIn: 0, givenUp: null, error: 'busy' }],
    averages: new Map([['Item1', { count: 1, low: 1, carry: 0 }]]),
  }),
);

/** Everything that reads a checkpoint, with such bytes. */
const readers = [
  decodeStamp,
  readCheckpoint,
  (given: Buffer) => finish(diffProducts(NO_PRODUCTS, decodeSummary(given).folded)),
];

function refusesOrReads(given: Buffer): void {
  for (const read of readers) {
    try {
      read(given);
    } catch (error) {
      const known = (error as { code?: string }).code === 'INCONSISTENT_STATE';
      if (!known && !(error instanceof RangeError)) throw error;
    }
  }
}

t.test('an array that claims more items than there are bytes is refused at once', async (t) => {
  // Where the block counts of the five arrays stand, from the end of an empty checkpoint backwards.
  const empty = encodeCheckpoint(someCheckpoint({ nextOffset: 10 }));
  const arrays = ['lost', 'gapRanges', 'errors', 'pending', 'products'];
  for (const [index, name] of arrays.entries()) {
    const at = empty.length - arrays.length + index;
    for (const claim of [
      2n ** 31n,
      2n ** 32n,
      2n ** 50n,
      2n ** 63n - 1n,
      -(2n ** 50n),
      -(2n ** 63n),
    ]) {
      for (const behind of [0, 3, 5000]) {
        const lie = Buffer.concat([empty.subarray(0, at), long(claim), Buffer.alloc(behind, 2)]);
        t.throws(
          () => readCheckpoint(lie),
          /decode|number|bytes|products|checkpoint/,
          `${name} ${claim}`,
        );
      }
    }
  }
});

t.test('a number beyond 2^53 or without an end is no number of ours', async (t) => {
  const [name, rest] = [bytes.lastIndexOf('Item1'), Buffer.from([2, 0, 0])];
  const head = bytes.subarray(0, name + 5);
  t.ok(readCheckpoint(Buffer.concat([head, Buffer.from([2, 2, 0, 0])])));
  for (const count of [long(2n ** 60n), Buffer.alloc(5000, 128), Buffer.alloc(11, 128)]) {
    const lie = Buffer.concat([head, count, rest]);
    t.throws(() => readCheckpoint(lie), /decode|number|bytes|products|checkpoint/);
  }
  const big = Buffer.concat([bytes.subarray(0, 3), long(2n ** 60n), bytes.subarray(4)]);
  t.throws(() => decodeStamp(big), { code: 'INCONSISTENT_STATE' }, 'an offset');
});

t.test('bytes of any kind are refused in words or read', async (t) => {
  const claim = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(long);
  const spoilt = fc
    .array(fc.tuple(fc.nat(bytes.length), fc.nat(3), claim), { minLength: 1, maxLength: 4 })
    .map((changes) =>
      changes.reduce(
        (all, [at, removed, put]) =>
          Buffer.concat([all.subarray(0, at), put, all.subarray(at + removed)]),
        bytes,
      ),
    );
  const random = fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from([2, ...each]));
  fc.assert(
    fc.property(fc.oneof(spoilt, random), (given) => refusesOrReads(given)),
    { numRuns: 2000 },
  );
  t.pass();
});

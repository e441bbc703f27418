// The generator's orders: a pure sequence, the same for the same seed, with a share of bad ones of
// every kind that the service must make a dead letter.
import { registryHeader, singleObjectHeader } from '../schemas/framing.ts';
import { encodeOrder as encode, type Order } from './order.ts';
import { publishedFingerprint, readerFingerprint } from './order-schemas.ts';
import type { REASONS } from './reasons.ts';

/** One record to send. */
export type GeneratedOrder = {
  readonly orderId: string;
  readonly key: Buffer;
  readonly value: Buffer | null;
  /** The reason code with which it must become a dead letter; undefined for a good order. */
  readonly reason: GeneratedReason | undefined;
  /** One line for people. */
  describe(): string;
};

const withPrice = (price: number) => (order: Order) => encode({ ...order, price });
const withProduct = (product: string) => (order: Order) => encode({ ...order, product });

/** What no single record can be bad in. */
type NotOfARecord = 'PRODUCT_LIMIT' | 'RETRIES_EXHAUSTED' | 'PERMANENT';

// Per reason the ways to be bad in it.
const faults = {
  EMPTY: [() => Buffer.alloc(0)],
  TOMBSTONE: [() => null],
  TOO_BIG: [withProduct('x'.repeat(64 * 1024))],
  MALFORMED: [
    (order: Order) => encode(order).subarray(0, -1),
    (order: Order) => Buffer.from(JSON.stringify(order)),
    (order: Order) => framed(order).subarray(0, -1),
    () => registryHeader(1).subarray(0, -1),
  ],
  TRAILING: [
    (order: Order) => Buffer.concat([encode(order), Buffer.alloc(1)]),
    (order: Order) => Buffer.concat([encode(order), encode(order)]),
    (order: Order) => Buffer.concat([framed(order), Buffer.alloc(1)]),
  ],
  SCHEMA_UNKNOWN: [
    (order: Order) => Buffer.concat([registryHeader(NO_ID), encode(order)]),
    (order: Order) => Buffer.concat([singleObjectHeader(0n), encode(order)]),
  ],
  SCHEMA_INCOMPATIBLE: [withDecimal],
  NON_CANONICAL: [withLongLength, withBrokenText],
  FIELD_EMPTY: [(order: Order) => encode({ ...order, orderId: ' ' }), withProduct('')],
  FIELD_TOO_LONG: [
    (order: Order) => encode({ ...order, orderId: order.orderId.padEnd(129, '0') }),
    withProduct('x'.repeat(257)),
  ],
  FIELD_CTRL: [withProduct('Item1\n{"level":30}'), withProduct('\u001b[2JItem1')],
  PRICE_NOT_FINITE: [withPrice(Number.NaN), withPrice(Number.POSITIVE_INFINITY)],
  PRICE_NEGATIVE: [withPrice(-1)],
  PRICE_TOO_BIG: [withPrice(2e9)],
} satisfies Record<
  Exclude<keyof typeof REASONS, NotOfARecord>,
  readonly ((order: Order) => Buffer | null)[]
>;

/** A reason code for which the generator makes bad orders. */
export type GeneratedReason = keyof typeof faults;

/** Every reason for which the generator makes bad orders. */
export const reasons = Object.keys(faults) as readonly GeneratedReason[];

/**
 * A sequence of orders without end. `products` names Item1…ItemN; `badRatio` (0 to 1) is the share
 * of bad orders. Order ids are unique within a seed. `write` makes the values of good orders.
 */
export function createOrderGenerator(options: {
  seed: number;
  products: number;
  badRatio: number;
  write?: (order: Order) => Buffer;
}): { next(): GeneratedOrder } {
  const { write = encode } = options;
  const random = randomNumbers(options.seed);
  const run = options.seed.toString(36);
  const names = Array.from({ length: options.products }, (_, n) => `Item${n + 1}`);
  let count = 0;

  return {
    next() {
      count += 1;
      const orderId = `${run}-${count}`;
      const product = pick(names, random());
      const price = Math.round(100 + random() * 49_900) / 100;
      const order: Order = { orderId, product, price };
      const key = Buffer.from(orderId);
      if (random() >= options.badRatio) {
        const describe = () => `order ${orderId}  ${product}  ${price.toFixed(2)}`;
        return { orderId, key, value: write(order), reason: undefined, describe };
      }
      const reason = pick(reasons, random());
      const value = pick<(order: Order) => Buffer | null>(faults[reason], random())(order);
      return { orderId, key, value, reason, describe: () => `order ${orderId}  bad: ${reason}` };
    },
  };
}

/** Beyond what a registry gives. */
const NO_ID = 2 ** 31;

/** In single-object encoding. */
function framed(order: Order): Buffer {
  return Buffer.concat([singleObjectHeader(publishedFingerprint), encode(order)]);
}

/** Its price takes the second branch of avro/order.avsc: a decimal, of which the framing tells no scale. */
function withDecimal(order: Order): Buffer {
  const texts = encode(order).subarray(0, -FLOAT_BYTES);
  const decimal = Buffer.of(2, 2, 99);
  return Buffer.concat([singleObjectHeader(readerFingerprint), texts, decimal]);
}

const FLOAT_BYTES = 4;

// The length of the product, which stands before it, written in one byte more than it needs.
function withLongLength(order: Order): Buffer {
  const value = encode(order);
  const at = value.lastIndexOf(order.product) - 1;
  const long = Buffer.of(value.readUInt8(at) | 0x80, 0);
  return Buffer.concat([value.subarray(0, at), long, value.subarray(at + 1)]);
}

// The first byte of the product is one that UTF-8 never has.
function withBrokenText(order: Order): Buffer {
  const value = encode(order);
  value[value.lastIndexOf(order.product)] = 0xff;
  return value;
}

function pick<T>(values: readonly T[], random: number): T {
  return values[Math.floor(random * values.length)] as T;
}

// mulberry32: 32 bits of state, numbers in [0, 1).
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
